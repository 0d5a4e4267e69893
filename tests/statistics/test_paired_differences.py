import numpy as np
import pytest
from scipy import stats

from shoal.statistics.differences import differences_from


def test_three_levels_are_compared_by_the_plain_paired_t_test():
    values = np.random.default_rng(0).normal(size=(3, 6))
    found = differences_from(values, 1, np.array([0, 2]))
    for i, other in enumerate((0, 2)):
        theirs = stats.ttest_rel(values[1], values[other])
        low, high = theirs.confidence_interval(0.95)
        assert found.p_values[i] == pytest.approx(theirs.pvalue)
        assert (found.intervals()[i].low, found.intervals()[i].high) == pytest.approx((low, high))
        low, high = theirs.confidence_interval(1 - 0.05 / 2)
        assert found.half_widths(2)[i] == pytest.approx((high - low) / 2)


def test_one_seed_gives_means_without_intervals():
    found = differences_from(np.array([[0.5], [0.4]]), 0, np.array([1]))
    assert found.means == pytest.approx([0.1])
    assert np.isnan(found.p_values).all()
    assert not found.intervals()[0].known


def test_levels_without_noise_are_equal_or_certainly_apart():
    found = differences_from(np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]), 0, np.array([1, 2]))
    assert found.p_values.tolist() == [1.0, 0.0]
