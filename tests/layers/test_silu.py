"""y = x / (1 + exp(-x))."""

import numpy as np

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.layers import SiLU


def test_value_known_by_hand(xp):
    y, _ = xp(SiLU().forward, {}, np.array([[0.0, np.log(3), -np.log(3)]]))
    close(y, np.array([[0.0, 0.75 * np.log(3), -0.25 * np.log(3)]]))


def test_derivative(xp, rng):
    prove_layer(xp, SiLU(), {}, rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def test_equals_the_product_by_onnx(xp, rng):
    x = rng.normal(size=(4, 3))
    close(xp(SiLU().forward, {}, x)[0], onnx_run("Mul", x, onnx_run("Sigmoid", x)[0])[0])


def test_neither_tail_overflows(xp):
    y, saved = xp(SiLU().forward, {}, np.array([[-1e4, 1e4]]))
    close(y, np.array([[0.0, 1e4]]))
    close(xp(SiLU().backward, {}, saved, np.ones((1, 2)))[0], np.array([[0.0, 1.0]]))
