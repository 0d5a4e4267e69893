"""y = 1 / (1 + exp(-slope x))."""

import jax
import numpy as np
import pytest

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.errors import NetworkError
from shoal.layers import Sigmoid, logistic


def test_value_known_by_hand(xp):
    y, _ = xp(Sigmoid(slope=2.0).forward, {}, np.array([[0.0, np.log(3) / 2, -np.log(3) / 2]]))
    close(y, np.array([[0.5, 0.75, 0.25]]))


@pytest.mark.parametrize("slope", [1.0, 0.5, 3.0])
def test_derivative(xp, rng, slope):
    prove_layer(xp, Sigmoid(slope), {}, rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def test_equals_onnx(xp, rng):
    x = rng.normal(size=(4, 3))
    close(xp(Sigmoid().forward, {}, x)[0], onnx_run("Sigmoid", x)[0])


def test_does_not_overflow_and_keeps_its_digits_in_the_tail(xp):
    y = xp(logistic, np.array([-1e4, -700.0, -40.0, 40.0, 1e4]))
    close(y, np.array([0.0, np.exp(-700.0), np.exp(-40.0), 1.0, 1.0]))


@pytest.mark.usefixtures("float64")
def test_autodiff_of_the_equation_is_right_at_zero_too():
    assert jax.grad(logistic)(0.0) == 0.25


def test_slope_may_be_traced(xp, rng):
    x = rng.normal(size=(4, 3))
    came = xp(lambda slope, x: Sigmoid(slope).forward({}, x)[0], np.array(2.0), x)
    close(came, 1 / (1 + np.exp(-2 * x)))


def test_refuses_an_infinite_slope():
    with pytest.raises(NetworkError, match="slope is inf"):
        Sigmoid(float("inf"))
