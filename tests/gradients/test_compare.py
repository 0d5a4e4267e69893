"""Relative errors where they mean something."""

import numpy as np
import pytest

from shoal.gradients.compare import compare


def test_relative_error_of_resolved_entries():
    found = compare(np.array([1.0, -2.0, 3.0]), np.array([1.0, -2.0, 3.3]), 1e-12, 1e-6)
    assert found.wrong.tolist() == [False, False, True]
    assert found.worst == pytest.approx(0.3 / 6.3)
    assert found.worst_at == 2


def test_an_entry_below_the_floor_is_held_against_the_floor():
    a, b = np.array([1e-20, 1e-20]), np.array([-3e-13, 1e-9])
    found = compare(a, b, 1e-13, 1e-6)
    assert found.resolved.tolist() == [False, False]
    assert found.wrong.tolist() == [False, True]


def test_entries_below_the_floor_do_not_count_in_the_worst_error():
    found = compare(np.array([1.0, 1e-20]), np.array([1.0 + 1e-9, 1e-13]), 1e-12, 1e-6)
    assert found.worst == pytest.approx(5e-10, rel=1e-3)
    assert found.unresolved == 1
    assert compare(np.array([1e-20]), np.array([1e-14]), 1e-12, 1e-6).worst is None


def test_two_zeros_agree_exactly():
    found = compare(np.zeros(3), np.zeros(3), 0.0, 1e-6)
    assert found.worst == 0.0
    assert not found.wrong.any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_wrong_even_where_the_reference_knows_nothing(value):
    for error in (1e-12, np.inf):
        found = compare(np.array([1.0, value]), np.array([1.0, 1.0]), error, 1e-6)
        assert found.wrong.tolist() == [False, True]
        assert found.worst == np.inf


def test_a_reference_that_knows_nothing_contradicts_nothing():
    assert not compare(np.array([5.0]), np.array([1.0]), np.inf, 1e-6).wrong.any()
