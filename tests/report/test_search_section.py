"""The search on the page: figures for each kind of search, sentences, and why trials were dropped."""

import json
import re

import numpy as np
import pytest

from searches import L2, search_study, searched, untrained
from shoal.analysis.search import search_path
from shoal.report.search import search_section, sentences
from shoal.report.templates import template

RATE = {"training.learning_rate": {"log": [1e-3, 1.0]}}
NOISE = np.random.default_rng(1).normal(size=10_000)


def score(seed=0, **point):
    at = sum(float(np.log10(v) + 2) ** 2 if isinstance(v, float) else float(v) / 10 for v in point.values())
    return 0.9 - 0.09 * at + 0.002 * NOISE[(int(1e4 * at) + 7 * seed) % 10_000]


def section_of(train=None, **search):
    found = searched(search_study(seeds=3, **search), train or untrained(score))
    return search_section(found.search), found


def test_a_zoom_is_drawn_as_rounds_on_one_axis_and_the_fresh_comparison():
    section, _ = section_of(levels=6)
    assert [drawing.title for drawing in section.drawings] == ["Rounds", "Finalists, again with fresh seeds"]
    assert "L2 (log scale)" in section.drawings[0].svg
    assert "validation accuracy (%)" in section.drawings[0].svg
    assert "95 % intervals over 3 seeds" in section.drawings[0].caption


def test_two_ranges_are_a_plane_by_round_and_by_score():
    section, _ = section_of(levels=4, over={**L2, **RATE}, rounds=2)
    titles = [drawing.title for drawing in section.drawings]
    assert titles[:2] == ["Where it looked", "What it found"]
    assert "learning rate (log scale)" in section.drawings[0].svg


def test_choices_are_drawn_factor_by_factor():
    over = {"network.batch_norm": [False, True], **L2}
    section, _ = section_of(strategy="random", over=over, trials=8)
    assert [d.title for d in section.drawings][:2] == ["Along batch norm", "Along L2"]


def test_the_first_sentences_name_the_choice_and_the_winners_curse():
    section, found = section_of(levels=6)
    assert section.sentences[0].startswith("Zoom search over ")
    assert re.search(r"chose L2 0.0\d+: 8\d\.\d\d ± \d\.\d\d % validation accuracy", section.sentences[0])
    assert "With 5 fresh seeds it reached 8" in section.sentences[1]
    assert any(sentence.startswith("Round 1: ") for sentence in section.sentences)
    assert found.search.attrs["status"] == "complete"


def test_a_search_that_flattered_its_choice_is_told_by_how_much():
    def flattering(l2, seed):
        return 0.9 + 0.001 * seed if seed < 3 else 0.8

    found = searched(search_study(seeds=3, strategy="sobol", trials=4), untrained(flattering))
    said = sentences(search_path(found.search))[1]
    assert "the search flattered it by 10.1" in said
    assert "winner's curse" in said


def test_the_table_says_of_every_trial_what_became_of_it_and_why():
    section, _ = section_of(levels=6, train=untrained(score, diverged=lambda l2: l2 > 0.5))
    reasons = {row[-1] for row in section.trials.rows}
    assert "outside the next round's range" in reasons
    assert "3 of 3 networks diverged, the first at step 3" in reasons
    assert {row[-2] for row in section.trials.rows} >= {"best", "finalist", "diverged", "dropped"}


def test_the_section_is_html_with_unique_identifiers():
    section, _ = section_of(levels=4)
    module = template("parts.html.jinja").make_module()
    html = str(module.search_path(section))  # type: ignore[attr-defined]
    identifiers = re.findall(r' id="([^"]+)"', html)
    assert len(identifiers) == len(set(identifiers))
    assert "what was dropped, and why" in html


@pytest.mark.parametrize("strategy", ["random", "sobol"])
def test_draws_say_how_they_were_drawn(strategy):
    section, found = section_of(strategy=strategy, trials=5, draw_seed=3)
    assert "(draw_seed = 3)" in " ".join(section.sentences)
    assert json.loads(found.search.attrs["search"])["draw_seed"] == 3


def test_rungs_are_curves_that_end():
    def train(study, folder, halving=None):
        found = untrained(score)(study, folder)
        if halving is not None:
            found["rung"] = ("l2", [i % 2 for i in range(study.shape[0])])
            found["epoch"] = found["epoch"].where((found["step"] == 0) | (found["rung"] == 1))
        return found

    section, found = section_of(train, strategy="halving", trials=6, rungs=1)
    assert section.drawings[0].title == "Rungs"
    assert [key.text for key in section.drawings[0].legend] == ["rung 1: 3 ended", "to the end: 3"]
    assert "dropped at rung 1" in {row[-1] for row in section.trials.rows}
    assert list(found.search["steps"].values) == [0, 6] * 3
    assert "It took 54 network-steps; training every trial to the end takes 108, 2.0 times as many." in (
        section.sentences
    )
