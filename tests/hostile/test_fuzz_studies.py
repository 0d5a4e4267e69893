"""Mutations of every shipped study file, always the same ones: a study, a plan or a ShoalError, and soon."""

import sys
import time
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))  # a benchmark is run from its own folder

from fuzz_studies import Judge  # noqa: E402
from study_mutations import Mutator, shipped_studies  # noqa: E402

INPUTS = 600
SECONDS = 20.0  # for one that takes thousandths


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    return Judge(tmp_path_factory.mktemp("fuzz"))


def judged(judge_one, draw):
    counts = Counter()
    for _ in range(INPUTS):
        began = time.monotonic()
        thing = draw()
        counts[judge_one(thing)] += 1  # raises whatever is no ShoalError
        assert time.monotonic() - began < SECONDS, thing
    return counts


def test_mutated_files_are_read_and_planned_or_refused(judge):
    counts = judged(judge.content, Mutator(15).content)
    assert counts["StudyError"] > INPUTS / 10
    assert counts["planned"] > 5  # else nothing but the reader was tried


def test_mutated_dictionaries_are_read_and_planned_or_refused(judge):
    counts = judged(judge.table, Mutator(16).table)
    assert counts["StudyError"] > INPUTS / 10
    assert counts["planned"] > 5


@pytest.mark.parametrize("content", shipped_studies().values(), ids=list(shipped_studies()))
def test_a_shipped_study_itself_is_not_refused(judge, content):
    assert judge.content(content) != "StudyError"  # but the made-up images may be too small for its layers
