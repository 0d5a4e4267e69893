import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import polygamma

from shoal.statistics.moderated import difference_variances, inverse_trigamma, variance_prior


@given(st.floats(1e-3, 1e3))
def test_inverse_trigamma(x):
    assert polygamma(1, inverse_trigamma(x)) == pytest.approx(x, rel=1e-6)


def test_the_prior_of_variances_drawn_from_it_is_found():
    random = np.random.default_rng(0)
    d, d0, s0 = 4, 6.0, 2.0
    true = d0 * s0 / random.chisquare(d0, size=20000)
    found = variance_prior(true * random.chisquare(d, size=20000) / d, d)
    assert found == pytest.approx((d0, s0), rel=0.08)


def test_equal_variances_are_pooled():
    values = np.random.default_rng(1).normal(0, 0.5, size=(400, 3))
    d0, s0 = variance_prior(values.var(axis=1, ddof=1), 2)
    assert d0 > 30
    assert s0 == pytest.approx(0.25, rel=0.1)


def test_few_cells_keep_the_plain_paired_variance():
    values = np.random.default_rng(2).normal(size=(3, 5))
    variance, freedom = difference_variances(values, 1, np.array([0, 2]))
    np.testing.assert_allclose(variance, (values[1] - values[[0, 2]]).var(axis=1, ddof=1))
    assert freedom == 4


def test_what_a_seed_does_to_all_cells_cancels():
    values = np.random.default_rng(3).normal(size=(8, 4))
    shifted = values + np.array([0.0, 5.0, -3.0, 9.0])
    plain, moved = (difference_variances(v, 0, np.arange(1, 8)) for v in (values, shifted))
    np.testing.assert_allclose(plain[0], moved[0])
    assert plain[1] == pytest.approx(moved[1])


def test_many_cells_steady_the_variance_and_add_degrees_of_freedom():
    values = np.random.default_rng(4).normal(size=(50, 3))
    variance, freedom = difference_variances(values, 0, np.arange(1, 50))
    plain = (values[0] - values[1:]).var(axis=1, ddof=1)
    assert variance.std() < plain.std() / 2
    assert freedom > 4
    assert variance.mean() == pytest.approx(2.0, rel=0.3)


def test_one_wild_cell_does_not_lend_its_noise_to_the_others():
    random = np.random.default_rng(5)
    values = 0.5 + 0.005 * random.normal(size=(6, 3))
    values[5] = [0.1, 0.1, 0.4]
    variance, _ = difference_variances(values, 0, np.arange(1, 6))
    assert (variance[:4] < 0.02**2).all()
    assert variance[4] > 0.08**2


def test_no_noise_at_all():
    values = np.tile(np.arange(5.0)[:, None], (1, 3))
    variance, freedom = difference_variances(values, 4, np.arange(4))
    assert variance.tolist() == [0, 0, 0, 0]
    assert freedom == 2
    floored, _ = difference_variances(values, 4, np.arange(4), resolution=0.1)
    assert (floored >= 0.1**2 / 6).all()
