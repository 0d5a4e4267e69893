"""Arrays of several sizes in one."""

import numpy as np

from shoal.results.arrays import stack_padded


def test_smaller_arrays_are_filled_up_with_nan_behind_their_last_values():
    stacked = stack_padded([np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])])
    np.testing.assert_array_equal(stacked, [[[1, 2], [np.nan] * 2], [[3, np.nan], [4, np.nan]]])
    assert stacked.dtype == np.float32
