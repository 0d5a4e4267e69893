"""The path of a search: intervals of its trials, and the winner's curse with Welch's interval."""

import numpy as np
import pytest
from scipy import stats

from shoal.analysis.search import unpaired


def test_the_difference_of_independent_samples_has_welchs_interval():
    first, second = np.array([0.9, 0.95, 0.93]), np.array([0.85, 0.91, 0.8, 0.88, 0.9])
    found = unpaired(first, second)
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert found.mean == pytest.approx(first.mean() - second.mean())
    assert (found.low, found.high) == pytest.approx((low, high))


def test_equal_scores_are_no_more_certain_than_their_rounding():
    found = unpaired([0.5, 0.5], [0.5, 0.5, 0.5], resolution=0.01)
    assert found.mean == 0
    assert found.half > 0.01 / np.sqrt(12) / 2


@pytest.mark.parametrize(("first", "second"), [([0.9], [0.8, 0.7]), ([0.9, 0.8], [0.7])])
def test_one_seed_on_either_side_leaves_no_interval(first, second):
    found = unpaired(first, second)
    assert not found.known
    assert np.isnan(found.low)
