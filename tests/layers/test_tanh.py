"""y = tanh(x)."""

import numpy as np

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.layers import Tanh


def test_value_known_by_hand(xp):
    y, _ = xp(Tanh().forward, {}, np.array([[0.0, np.log(3) / 2, -np.log(3) / 2]]))
    close(y, np.array([[0.0, 0.5, -0.5]]))


def test_derivative(xp, rng):
    prove_layer(xp, Tanh(), {}, rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def test_equals_onnx(xp, rng):
    x = rng.normal(size=(4, 3))
    close(xp(Tanh().forward, {}, x)[0], onnx_run("Tanh", x)[0])
