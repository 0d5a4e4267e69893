"""The interval of one more run holds one more run as often as it says, and a figure is called by it."""

import numpy as np
import pytest
from scipy import stats

from shoal.statistics.intervals import Interval
from shoal.statistics.prediction import single_run, standing


def test_it_is_students_interval_of_the_next_observation():
    values = [0.50, 0.52, 0.53]
    half = stats.t.ppf(0.975, 2) * np.std(values, ddof=1) * np.sqrt(4 / 3)
    found = single_run(values)
    assert (found.low, found.high) == pytest.approx((np.mean(values) - half, np.mean(values) + half))


def test_one_more_run_lies_in_it_in_95_of_100_cases(rng):
    runs = rng.normal(0.5, 0.02, (4000, 6))
    inside = [(i := single_run(row[:5])).low <= row[5] <= i.high for row in runs]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


def test_another_draw_of_images_makes_it_as_wide_as_both_draws_do(rng):
    """Both accuracies are of a network that is right with probability 0.5, each on 1000 images of its own."""
    true, images = 0.5 + rng.normal(0, 0.01, (4000, 6)), 1000
    ours = true[:, :5] + rng.normal(0, np.sqrt(0.25 / images), (4000, 1))  # all seeds see one draw
    report = true[:, 5] + rng.normal(0, np.sqrt(0.25 / images), 4000)
    found = [single_run(row, images=images) for row in ours]
    inside = [one.low <= r <= one.high for one, r in zip(found, report, strict=True)]
    assert np.mean(inside) == pytest.approx(0.96, abs=0.015)


def test_seeds_that_agree_to_the_last_example_are_no_certainty():
    assert single_run([0.1, 0.1, 0.1]).half == pytest.approx(0, abs=1e-15)
    assert single_run([0.1, 0.1, 0.1], resolution=1e-3).half > 1e-3


def test_what_is_missing_is_left_out_and_one_run_has_no_interval():
    assert single_run([0.5, np.nan, 0.6]) == single_run([0.5, 0.6])
    assert not single_run([0.5]).known


@pytest.mark.parametrize(
    ("reported", "word"), [(0.5, "agrees"), (0.45, "agrees"), (0.44, "higher"), (0.56, "lower")]
)
def test_the_word_says_how_ours_is(reported, word):
    assert standing(Interval(0.5, 0.45, 0.55, 5), reported) == word


def test_one_run_has_no_word():
    assert standing(single_run([0.5]), 0.5) == "unknown"
