"""Quantiles inside a compiled computation, against NumPy's."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shoal.training.health import MOST, places, quantiles

P = (0.0, 0.01, 0.25, 0.5, 0.95, 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quantiles_of_arrays_of_any_size_and_sign_are_numpy_s(dtype, float64, rng):
    arrays = [
        rng.normal(size=(7, 5)).astype(dtype),
        -rng.exponential(size=(2, 3, 4)).astype(dtype),
        np.zeros(4, dtype),
        np.array([-0.0, 1e-30, -1e-30], dtype),
        np.array([3.0], dtype),
    ]
    found = jax.jit(lambda *a: quantiles(a, P))(*arrays)
    assert found.dtype == dtype
    within = 1e-6 if dtype == np.float32 else 1e-14
    for row, values in zip(np.asarray(found), arrays, strict=True):
        np.testing.assert_allclose(row, np.quantile(values.astype(np.float64), P), rtol=within, atol=1e-38)


def test_an_array_that_holds_nan_or_infinity_has_no_quantiles_and_spoils_no_other():
    arrays = [
        jnp.array([1.0, jnp.nan]),
        jnp.array([jnp.inf, 0.0, 1.0]),
        jnp.array([-jnp.nan, 2.0]),
        jnp.ones(2),
    ]
    found = np.asarray(quantiles(arrays, (0.5,)))[:, 0]
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 1.0])


def test_of_a_large_array_a_sample_is_sorted_that_comes_near(float64, rng):
    values = rng.normal(size=(300, 50))
    found = np.asarray(quantiles([jnp.asarray(values)], P[1:-1]))[0]
    np.testing.assert_allclose(found, np.quantile(values.ravel()[places(values.size)], P[1:-1]), atol=1e-12)
    share = (values < found[:, None, None]).mean(axis=(1, 2))
    np.testing.assert_allclose(share, P[1:-1], atol=3 * np.sqrt(0.25 / MOST))


@pytest.mark.parametrize("n", [1, 2, 5, MOST, MOST + 1, 4096, 153_600])
def test_places_are_distinct_and_meet_rows_and_columns_alike(n):
    found = places(n)
    assert len(np.unique(found)) == min(n, MOST)
    assert found.min() == 0
    assert found.max() < n
    if n == 153_600:  # (3072, 50): every column of the weights is met about equally often
        counts = np.bincount(found % 50, minlength=50)
        assert counts.min() > 0.8 * MOST / 50
        assert counts.max() < 1.2 * MOST / 50
        assert math.gcd(int(found[1]), n) == 1
