"""Levels that are generated, and how levels are written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.study.settings.levels import Spaced, level_label


def test_a_log_range_has_equal_ratios_and_reads_as_it_was_meant():
    assert Spaced(log=(1e-4, 1.0), count=9).levels() == [
        1e-4, 0.000316227766017, 1e-3, 0.00316227766017, 1e-2, 0.0316227766017, 0.1, 0.316227766017, 1.0,
    ]  # fmt: skip


def test_a_linear_range_has_equal_steps_and_may_run_down():
    assert Spaced(linear=(0.3, 0.0), count=4).levels() == [0.3, 0.2, 0.1, 0.0]


def test_one_level_is_the_first():
    assert Spaced(log=(0.5, 9.0), count=1).levels() == [0.5]


@given(
    first=st.floats(1e-12, 1e12),
    last=st.floats(1e-12, 1e12),
    count=st.integers(2, 40),
    kind=st.sampled_from(["log", "linear"]),
)
def test_a_range_begins_and_ends_where_it_says(first, last, count, kind):
    levels = Spaced(**{kind: (first, last)}, count=count).levels()
    assert len(levels) == count
    assert math.isclose(levels[0], first, rel_tol=1e-11)
    assert math.isclose(levels[-1], last, rel_tol=1e-11)
    assert levels == sorted(levels, reverse=last < first)


@pytest.mark.parametrize(
    ("level", "label"),
    [
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (3.0, "3"),
        (0.001, "0.001"),
        (1e-7, "1e-07"),
        (0.316227766017, "0.316228"),
        ("he_normal", "he_normal"),
        ([50, 50], "50-50"),
        ([], "none"),
        (["he_normal", {"normal": 0.1}], "he_normal-normal 0.1"),
        ({"kind": "triangular", "min": 0.0, "max": 0.1}, "triangular min 0 max 0.1"),
        ({"kind": "adam"}, "adam"),
    ],
)
def test_how_a_level_is_written_in_tables_and_names(level, label):
    assert level_label(level) == label
