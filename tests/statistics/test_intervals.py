import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shoal.statistics.intervals import mean_interval, t_intervals, wilson

numbers = st.floats(-1e3, 1e3)


def test_hand_computed_t_interval():
    # mean 2, s = 1, t(2, 0.975) = 4.302652729...
    interval = mean_interval([1.0, 2.0, 3.0])
    assert interval.mean == 2.0
    assert interval.n == 3
    assert interval.half == pytest.approx(4.302652729911275 / np.sqrt(3), rel=1e-9)


@given(st.lists(numbers, min_size=2, max_size=12).filter(lambda v: np.std(v) > 1e-6), st.floats(0.5, 0.999))
def test_agrees_with_scipy(values, confidence):
    ours = mean_interval(values, confidence)
    low, high = stats.t.interval(confidence, len(values) - 1, np.mean(values), stats.sem(values))
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)


def test_one_seed_has_a_mean_and_no_interval():
    interval = mean_interval([0.5])
    assert (interval.mean, interval.n, interval.known) == (0.5, 1, False)
    assert np.isnan([interval.low, interval.high]).all()


def test_no_seed_has_nothing():
    interval = mean_interval([np.nan, np.nan])
    assert np.isnan(interval.mean)
    assert interval.n == 0


@given(st.lists(numbers, min_size=1, max_size=6), st.integers(1, 4))
def test_nans_are_left_out(values, gaps):
    with_gaps = mean_interval([*values, *[np.nan] * gaps])
    without = mean_interval(values)
    np.testing.assert_allclose(
        [with_gaps.mean, with_gaps.low, with_gaps.n],
        [without.mean, without.low, without.n],
        rtol=1e-9,
        atol=1e-9,
    )


def test_equal_accuracies_are_not_certainty():
    assert mean_interval([0.9, 0.9]).half == 0.0
    by_rounding = mean_interval([0.9, 0.9], resolution=1 / 300)
    assert by_rounding.half == pytest.approx(12.7062047 / 300 / np.sqrt(12) / np.sqrt(2), rel=1e-6)


def test_many_at_once_equal_one_by_one():
    values = np.random.default_rng(0).normal(size=(4, 3, 5))
    mean, low, high, n = t_intervals(values, axis=1)
    one = mean_interval(values[2, :, 4])
    assert (mean[2, 4], low[2, 4], high[2, 4], n[2, 4]) == pytest.approx((one.mean, one.low, one.high, one.n))


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (3, 5), (5, 5), (12, 400), (9999, 10000)])
def test_wilson_agrees_with_scipy(successes, trials):
    reference = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    ours = wilson(successes, trials)
    assert (ours.low, ours.high) == pytest.approx((reference.low, reference.high), rel=1e-9, abs=1e-12)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_stays_within_zero_and_one_and_holds_the_fraction(pair):
    interval = wilson(*pair)
    assert 0 <= interval.low <= interval.mean <= interval.high <= 1
    assert interval.low < interval.high


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 3), (4, 3)])
def test_wilson_refuses_what_is_no_fraction(successes, trials):
    with pytest.raises(ValueError, match="0 <= successes <= trials"):
        wilson(successes, trials)
