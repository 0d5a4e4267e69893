import numpy as np

from shoal.data import load


def test_digits_are_small_grey_images_without_a_test_part():
    digits = load("digits", download=False)
    assert digits.train.inputs.shape == (1797, 8, 8, 1)
    assert digits.train.inputs.dtype == np.uint8
    assert (digits.train.inputs.min(), digits.train.inputs.max()) == (0, 16)
    assert digits.test is None
    assert digits.classes == tuple("0123456789")
    assert digits.notes == ()


def test_the_first_digit_is_a_zero_as_printed_by_scikit_learn():
    digits = load("digits", download=False)
    assert digits.train.labels[0] == 0
    np.testing.assert_array_equal(digits.train.inputs[0, 1, :, 0], [0, 0, 13, 15, 10, 15, 5, 0])
