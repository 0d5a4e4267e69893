"""The smoothed loss and the stop rule, by hand."""

import numpy as np
import pytest

from shoal.lr_range.ramp import memory_of, smooth, stopping_step


def test_the_memory_reaches_back_a_fiftieth_of_the_ramp() -> None:
    assert memory_of(1000) == pytest.approx(0.95)
    assert memory_of(200) == pytest.approx(0.75)
    assert memory_of(20) == 0.0


def test_smoothing_by_hand() -> None:
    """w = 1/2 of 4, 2, 8: 2 / (1/2); (1 + 1) / (3/4); (1 + 4) / (7/8)."""
    np.testing.assert_allclose(smooth(np.array([4.0, 2.0, 8.0]), 0.5), [4, 8 / 3, 40 / 7])


def test_a_constant_loss_stays_what_it_is_from_the_first_step_on() -> None:
    np.testing.assert_allclose(smooth(np.full((2, 9), 3.0), 0.9), 3.0)


def test_without_memory_nothing_is_smoothed() -> None:
    losses = np.array([[3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(smooth(losses, 0.0), losses)


def test_from_the_first_infinite_loss_on_nothing_is_finite() -> None:
    assert np.isfinite(smooth(np.array([1.0, np.inf, 1.0]), 0.5)).tolist() == [True, False, False]


def test_a_ramp_stops_where_the_loss_is_above_a_multiple_of_its_lowest() -> None:
    losses = np.array([2.0, 1.0, 3.9, 4.0, 4.1, 1.0])
    assert stopping_step(losses, losses) == 4
    assert stopping_step(losses, losses, multiple=2) == 2


def test_a_ramp_stops_where_the_loss_is_not_finite() -> None:
    losses = np.array([[2.0, 1.0, np.nan], [2.0, np.inf, 1.0], [2.0, 1.0, 1.0]])
    assert stopping_step(losses, smooth(losses, 0.5)).tolist() == [2, 1, 3]
