import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.report.numbers import (
    clean,
    counted,
    duration,
    levels_as_text,
    mean_and_half,
    p_value,
    percent,
    plain_mean,
    short_number,
    shorten,
)
from shoal.statistics.intervals import Interval


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.0, "0"), (0.005, "0.005"), (3.727593720315e-4, "3.73e-4"), (1e-5, "1e-5"), (0.1, "0.1"),
        (1.0, "1"), (45000, "45000"), (1234.5, "1234"), (2e6, "2e6"), (-0.25, "-0.25"), (99.96, "100"),
        (math.inf, "∞"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_short_numbers(value, text):
    assert short_number(value) == text


@given(st.floats(1e-12, 1e12))
def test_short_numbers_are_within_their_digits(value):
    assert float(short_number(value)) == pytest.approx(value, rel=5.1e-3)


def test_a_negative_mean_has_the_sign_of_the_page():
    assert plain_mean(Interval(-0.066, -0.09, -0.042, 5), 2) == "−0.07 ± 0.02"


def test_levels_get_as_many_digits_as_it_takes_to_tell_them_apart():
    assert levels_as_text([0.1, 0.01]) == ["0.1", "0.01"]
    assert levels_as_text([0.12341, 0.12344]) == ["0.12341", "0.12344"]
    assert levels_as_text([True, False]) == ["on", "off"]
    assert levels_as_text(["50-50", "100"]) == ["50-50", "100"]
    assert levels_as_text([32, 4096]) == ["32", "4096"]


@given(st.lists(st.floats(1e-9, 1e9), unique=True, min_size=1, max_size=6))
def test_unlike_levels_never_read_alike(levels):
    assert len(set(levels_as_text(levels))) == len(levels)


def test_percentages():
    assert percent(0.52914) == "52.91"
    assert percent(-0.003) == "−0.30"
    assert percent(math.nan) == "–"
    assert mean_and_half(Interval(0.5291, 0.525, 0.5332, 5)) == "52.91 ± 0.41"
    assert mean_and_half(Interval(0.5291, math.nan, math.nan, 1)) == "52.91"


def test_p_values_counts_and_durations():
    assert p_value(0.0001) == "p < 0.001"
    assert p_value(0.2134) == "p = 0.21"
    assert counted(1, "seed") == "1 seed"
    assert counted(10000, "example") == "10,000 examples"
    assert [duration(s) for s in (0.25, 8.24, 41.2, 200.4, 3900)] == [
        "0.2 s",
        "8.2 s",
        "41 s",
        "3 min 20 s",
        "1 h 5 min",
    ]


def test_text_is_cleaned_of_what_cannot_be_shown():
    assert clean("a\x00b\x1b[1m\nc\u202e") == r"a\x00b\x1b[1m c\u202e"
    assert clean("λ = 1 日本") == "λ = 1 日本"


@given(st.text(max_size=80), st.integers(4, 30))
def test_shortened_text_fits_and_keeps_its_ends(text, most):
    short = shorten(text, most)
    assert len(short) <= max(most, 1)
    assert short == text if len(text) <= most else short[0] == text[0] and short[-1] == text[-1]
