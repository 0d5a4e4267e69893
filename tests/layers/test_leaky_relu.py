"""y = x where x > 0, else slope x."""

import numpy as np
import pytest

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.errors import NetworkError
from shoal.layers import LeakyReLU

X = np.array([[-2.0, 0.0, 3.0]])


def test_value_known_by_hand(xp):
    assert xp(LeakyReLU(0.5).forward, {}, X)[0].tolist() == [[-1.0, 0.0, 3.0]]


def test_derivative_at_the_corner_is_the_slope(xp):
    def slope(x, dy):
        layer = LeakyReLU(0.5)
        return layer.backward({}, layer.forward({}, x)[1], dy)[0]

    assert xp(slope, X, np.ones_like(X)).tolist() == [[0.5, 0.5, 1.0]]


@pytest.mark.parametrize("slope", [0.01, 0.0, -1.0])
def test_derivative(xp, rng, slope):
    prove_layer(xp, LeakyReLU(slope), {}, rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def test_equals_onnx(xp, rng):
    x = rng.normal(size=(4, 3))
    close(xp(LeakyReLU(0.125).forward, {}, x)[0], onnx_run("LeakyRelu", x, alpha=0.125)[0], 0, 0)


def test_slope_may_be_traced(xp, rng):
    x = rng.normal(size=(4, 3))
    came = xp(lambda slope, x: LeakyReLU(slope).forward({}, x)[0], np.array(0.3), x)
    close(came, np.where(x > 0, x, 0.3 * x))


def test_tells_the_side_of_its_corner(xp):
    layer = LeakyReLU()
    assert xp(lambda x: layer.corner_side(layer.forward({}, x)[1]), X).tolist() == [[False, False, True]]


def test_refuses_a_slope_that_is_no_number():
    with pytest.raises(NetworkError, match="slope is nan"):
        LeakyReLU(float("nan"))
