"""Mean and variance of chunks, merged."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs import close
from shoal.layers import merge_moments, moments, no_moments


def test_moments_known_by_hand(xp):
    count, mean, squares = xp(moments, np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert count == 2
    assert mean.tolist() == [2.0, 5.0]
    assert squares.tolist() == [2.0, 0.0]


def test_merged_chunks_equal_the_whole(xp, rng):
    x = rng.normal(loc=100.0, size=(10, 3))

    def by_chunks(a, b, c):
        return reduce(merge_moments, map(moments, (a, b, c)), no_moments((3,), a))

    close(xp(by_chunks, x[:1], x[1:6], x[6:]), moments(x))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.floats(-1e4, 1e4))
def test_the_order_of_merging_does_not_matter(n, m, offset):
    rng = np.random.default_rng(n + 100 * m)
    a, b = moments(rng.normal(size=(n, 2)) + offset), moments(rng.normal(size=(m, 2)))
    close(merge_moments(a, b), merge_moments(b, a), 1e-9)
    close(merge_moments(a, no_moments((2,), a.mean)), a, 0, 0)


def test_keeps_the_digits_that_mean_of_squares_minus_squared_mean_loses():
    x = np.array([[4.0], [7.0], [13.0], [16.0]]) + 1e9
    assert moments(x).variance[0] == pytest.approx(22.5)


def test_images_count_every_pixel(xp, rng):
    x = rng.normal(size=(2, 3, 4, 2))
    close(xp(moments, x), moments(x.reshape(24, 2)))
