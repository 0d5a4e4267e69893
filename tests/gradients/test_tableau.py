"""Richardson's table."""

import math

import pytest

from shoal.gradients.differences import RichardsonTable


def test_one_value_says_nothing_of_its_truncation():
    found = RichardsonTable(2).add(3.0, 1e-3)
    assert (found.value, found.truncation, found.rounding) == (3.0, math.inf, 1e-3)


def test_each_row_cancels_one_more_power():
    table = RichardsonTable(2)
    for h in (0.4, 0.2, 0.1):
        found = table.add(7 + 3 * h**2 - 5 * h**4, 0.0)
    assert found.value == pytest.approx(7, rel=1e-14)


def test_odd_powers_cancel_too():
    table = RichardsonTable(1)
    for h in (0.4, 0.2, 0.1):
        found = table.add(7 + 3 * h - 5 * h**3, 0.0)
    assert found.value == pytest.approx(7, rel=1e-14)


def test_rounding_is_carried_through_the_sums():
    table = RichardsonTable(2)
    table.add(1.0, 3e-6)
    found = table.add(1.0, 6e-6)
    assert found.rounding == pytest.approx((4 * 6e-6 + 3e-6) / 3)


def test_two_steps_that_agree_by_chance_answer_to_the_third():
    table = RichardsonTable(2)
    table.add(1.0, 0.0)
    assert table.add(1.0, 0.0).error == 0
    assert table.add(2.0, 0.0).error > 0.9
