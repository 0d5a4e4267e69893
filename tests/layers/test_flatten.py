"""All axes of an example in a row, channels fastest."""

import numpy as np

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.layers import Flatten


def test_a_pixels_channels_end_up_side_by_side(xp):
    image = np.array([[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]])  # (N, I, J, C) = (1, 2, 2, 2)
    assert xp(Flatten().forward, {}, image)[0].tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]


def test_derivative(xp, rng):
    prove_layer(xp, Flatten(), {}, rng.normal(size=(2, 2, 3, 2)), rng.normal(size=(2, 12)))


def test_equals_onnx(xp, rng):
    x = rng.normal(size=(2, 2, 3, 2))
    close(xp(Flatten().forward, {}, x)[0], onnx_run("Flatten", x)[0], 0, 0)


def test_what_it_saves_holds_no_numbers(rng):
    _, saved = Flatten().forward({}, rng.normal(size=(2, 2, 3, 2)))
    assert saved.size == 0
