"""y = x W + b."""

import numpy as np
import pytest

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.errors import NetworkError
from shoal.layers import Affine, Normal


def test_value_known_by_hand(xp):
    parameters = {"W": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "b": np.array([10.0, 20.0, 30.0])}
    y, _ = xp(Affine(3).forward, parameters, np.array([[1.0, -1.0]]))
    assert y.tolist() == [[7.0, 17.0, 27.0]]


def test_derivative_known_by_hand(xp):
    x, dy = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0], [10.0]])
    dx, gradients = xp(Affine(1).backward, {"W": np.array([[5.0], [6.0]]), "b": np.zeros(1)}, x, dy)
    assert gradients["W"].tolist() == [[31.0], [42.0]]
    assert gradients["b"].tolist() == [11.0]
    assert dx.tolist() == [[5.0, 6.0], [50.0, 60.0]]


def test_derivative(xp, rng):
    parameters = {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    prove_layer(xp, Affine(2), parameters, rng.normal(size=(4, 3)), rng.normal(size=(4, 2)))


def test_equals_onnx_gemm(xp, rng):
    x, W, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    y, _ = xp(Affine(2).forward, {"W": W, "b": b}, x)
    close(y, onnx_run("Gemm", x, W, b)[0])


def test_starts_from_scaled_noise_and_a_bias_of_zero(xp, rng):
    noise = rng.normal(size=(3, 2))
    layer = Affine(2, initial=Normal(0.5))
    assert layer.noise_for_parameters((3,)) == {"W": "normal"}
    parameters = xp(lambda n: layer.initial_parameters((3,), {"W": n}, n), noise)
    close(parameters, {"W": 0.5 * noise, "b": np.zeros(2)}, 0, 0)


def test_refuses_images():
    with pytest.raises(NetworkError, match=r"shape \(8, 8, 1\).*\n.*flatten"):
        Affine(2).output_shape((8, 8, 1))


@pytest.mark.parametrize("units", [0, -3, 2.5])
def test_refuses_a_number_of_units_that_is_not_one(units):
    with pytest.raises(NetworkError, match="units"):
        Affine(units)
