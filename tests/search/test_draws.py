"""Draws: the same for the same seed, evenly over ranges, and those of NumPy and SciPy."""

import numpy as np
import pytest
from scipy.stats import qmc

from searches import L2, search_study
from shoal.search.strategies import sobol, strategy_of, uniform
from shoal.search.strategy import between, points_of
from shoal.study.settings.search import Range


def test_a_sobol_draw_is_scipys_first_points():
    np.testing.assert_array_equal(sobol(7, 5, 3), qmc.Sobol(3, rng=7).random_base2(3)[:5])


def test_a_uniform_draw_is_numpys():
    np.testing.assert_array_equal(uniform(3, 4, 2), np.random.default_rng(3).random((4, 2)))


@pytest.mark.parametrize("strategy", ["random", "sobol"])
def test_all_trials_are_asked_for_at_once_and_depend_on_the_seed_alone(strategy):
    def draw(seed):
        return strategy_of(search_study(strategy=strategy, trials=6, draw_seed=seed)).ask()

    assert len(draw(1)) == 6
    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    own = strategy_of(search_study(strategy=strategy, trials=6))
    own.ask()
    assert own.ask() == []


def test_a_log_range_is_even_in_ratios_and_a_linear_one_in_steps():
    cube = np.array([[0.0], [0.5], [1.0]])
    log = [point["a"] for point in points_of({"a": Range(log=(1e-4, 1.0))}, cube)]
    linear = [point["a"] for point in points_of({"a": Range(linear=(1.0, 3.0))}, cube)]
    assert log == [1e-4, 1e-2, 1.0]
    assert linear == [1.0, 2.0, 3.0]


def test_rounding_never_leaves_a_range():
    own = Range(linear=(0.12345678, 0.12345679))
    assert own.ends[0] <= between(own, *own.ends, 0.5) <= own.ends[1]


def test_choices_are_equal_parts_of_their_side():
    cube = np.array([[0.0], [0.32], [0.34], [0.99], [1.0]])
    assert [p["a"] for p in points_of({"a": ("x", "y", "z")}, cube)] == ["x", "x", "y", "z", "z"]


def test_a_sobol_draw_covers_a_range_more_evenly_than_chance():
    over = search_study(strategy="sobol", trials=16, over=L2)
    own = np.sort(np.log10([p["training.l2"] for p in strategy_of(over).ask()]))
    assert all(np.histogram(own, bins=16, range=(-4, 0))[0] == 1)  # one in each sixteenth
