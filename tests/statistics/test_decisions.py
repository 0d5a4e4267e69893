"""Sentences hold, fail or stay undecided, by where an interval lies."""

import numpy as np
import pytest

from shoal.statistics.decisions import above, below, best_level, every, slopes, some, within
from shoal.statistics.intervals import Interval

UNKNOWN = Interval(0.5, np.nan, np.nan, 1)


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.1, 0.3, "holds"), (-0.3, -0.1, "fails"), (-0.1, 0.3, "undecided")]
)
def test_above_and_below_a_bound(low, high, word):
    interval = Interval((low + high) / 2, low, high, 5)
    assert above(interval) == word
    assert below(-interval) == word
    assert above(Interval(low + 1, low + 1, high + 1, 5), 1) == word


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (-0.5, 0.9, "holds"),
        (1.1, 2, "fails"),
        (-3, -1.5, "fails"),
        (0.5, 1.5, "undecided"),
        (-2, 2, "undecided"),
    ],
)
def test_within_a_margin(low, high, word):
    assert within(Interval((low + high) / 2, low, high, 5), 1.0) == word


def test_one_seed_decides_nothing():
    assert {above(UNKNOWN), below(UNKNOWN), within(UNKNOWN, 10)} == {"undecided"}


def test_several_conditions_at_once():
    assert every(["holds", "holds"]) == "holds"
    assert every(["holds", "undecided"]) == "undecided"
    assert every(["undecided", "fails"]) == "fails"
    assert every([]) == some([]) == "undecided"
    assert some(["holds", "fails"]) == "holds"
    assert some(["undecided", "fails"]) == "undecided"


def test_a_slope_is_that_of_each_seed():
    x = np.array([0.0, 1.0, 2.0, 3.0])
    found = slopes(x, np.stack([2 * x + 1, 4 * x - 3], axis=1))
    assert found.mean == pytest.approx(3)
    assert found.half == pytest.approx(12.706 * np.sqrt(2) / np.sqrt(2), rel=1e-3)


def test_a_level_that_is_the_best_at_every_seed_is_the_only_contender():
    found = best_level([[0.1, 0.2, 0.3], [0.5, 0.6, 0.7], [0.2, 0.1, 0.2]])
    assert found.best == 1
    assert found.contenders == (1,)
    assert found.shares.tolist() == [0, 1, 0]
    assert found.ranks[1].tolist() == [1, 1]


def test_levels_that_differ_by_noise_alone_are_all_contenders(rng):
    found = best_level(rng.normal(0.5, 0.01, (6, 5)))
    assert len(found.contenders) > 1
    assert found.shares.sum() == pytest.approx(1)
    assert (found.ranks[:, 1] > found.ranks[:, 0]).any()
