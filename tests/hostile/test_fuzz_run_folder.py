"""Damage anywhere in a run folder is a message, never a traceback, in bounded time and memory."""

import random
import resource
import time
from collections import Counter

import pytest

from damaged_folders import Looks, damage, files_of, fresh, templates

SEED = 20_261_201
EACH = 8  # damages of each file
MOST_SECONDS = 20.0  # for one look, which takes some hundredths
MOST_BYTES = 2**30  # that looking may add to the memory of this process


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The folders before they are damaged."""
    return templates(tmp_path_factory.mktemp("fuzz"))


@pytest.fixture(scope="module")
def looks():
    """Whoever looks."""
    return Looks(report=False)


@pytest.mark.parametrize("which", ["finished", "half"])
def test_damage_anywhere_is_said_and_never_a_traceback(which, sound, looks, tmp_path):
    assert looks.look(fresh(sound[which], tmp_path / "run"), which) == "sound"
    chance, found = random.Random(SEED), Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in files_of(sound[which]):
        for _ in range(EACH):
            folder = fresh(sound[which], tmp_path / "run")
            done = damage(folder, name, chance)
            began = time.monotonic()
            found[looks.look(folder, which)] += 1
            assert time.monotonic() - began < MOST_SECONDS, done
    assert found["RunError"] + found["mended"] > found.total() / 3, found
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MOST_BYTES
