import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shoal.statistics.multiple import holm, paired_p_values

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_by_hand():
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 = 0.02, 0.03, 0.06, 0.04 -> made monotone
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


@given(probabilities)
def test_holm_lies_between_the_raw_value_and_bonferroni(p):
    adjusted = holm(p)
    assert (adjusted >= np.array(p) - 1e-15).all()
    assert (adjusted <= np.minimum(1, np.array(p) * len(p)) + 1e-15).all()


@given(probabilities)
def test_holm_keeps_the_order(p):
    order = np.argsort(p, kind="stable")
    assert (np.diff(holm(p)[order]) >= 0).all()


def test_comparisons_that_were_not_made_do_not_count():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])


def test_paired_p_values_agree_with_scipy():
    first, second = np.random.default_rng(0).normal(size=(2, 6, 5))
    reference = stats.ttest_rel(first, second, axis=1).pvalue
    np.testing.assert_allclose(paired_p_values(first - second), reference, rtol=1e-9)


def test_one_pair_proves_nothing():
    assert np.isnan(paired_p_values([0.3]))


def test_no_difference_and_a_constant_one():
    assert paired_p_values([0.0, 0.0]) == 1.0
    assert paired_p_values([0.1, 0.1]) == 0.0


def test_two_seeds_that_agree_to_the_last_example_prove_nothing():
    one_example = 1 / 300
    assert paired_p_values([one_example] * 2, resolution=one_example) > 0.1
    assert paired_p_values([0.9] * 2, resolution=one_example) == pytest.approx(
        2 / np.pi / (0.9 * np.sqrt(2 * 6) * 300), rel=1e-4
    )
