"""y = max(x, 0)."""

import numpy as np

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.layers import ReLU

X = np.array([[-2.0, -0.0, 0.0, 3.0]])


def test_value_known_by_hand(xp):
    y, _ = xp(ReLU().forward, {}, X)
    assert y.tolist() == [[0.0, 0.0, 0.0, 3.0]]


def test_derivative_at_the_corner_is_zero(xp):
    def slope(x, dy):
        return ReLU().backward({}, ReLU().forward({}, x)[1], dy)[0]

    assert xp(slope, X, np.ones_like(X)).tolist() == [[0.0, 0.0, 0.0, 1.0]]


def test_derivative(xp, rng):
    prove_layer(xp, ReLU(), {}, rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def test_equals_onnx(xp, rng):
    x = rng.normal(size=(4, 3))
    close(xp(ReLU().forward, {}, x)[0], onnx_run("Relu", x)[0], 0, 0)


def test_lets_nan_and_infinity_through_so_that_divergence_shows(xp):
    y, _ = xp(ReLU().forward, {}, np.array([[np.nan, np.inf, -np.inf]]))
    np.testing.assert_array_equal(y, [[np.nan, np.inf, 0.0]])


def test_tells_the_side_of_its_corner(xp):
    assert xp(lambda x: ReLU().corner_side(ReLU().forward({}, x)[1]), X).tolist() == [
        [False, False, False, True]
    ]
