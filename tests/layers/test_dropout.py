"""y = x / (1 - rate) where noise >= rate, else 0."""

import numpy as np
import pytest

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.errors import NetworkError
from shoal.layers import Dropout


def test_value_known_by_hand(xp):
    noise = np.array([[0.0, 0.19, 0.2, 0.9]])
    y, _ = xp(Dropout(0.2).forward, {}, np.array([[4.0, 4.0, 4.0, -4.0]]), noise)
    assert y.tolist() == [[0.0, 0.0, 5.0, -5.0]]


def test_derivative(xp, rng):
    x, dy, noise = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))
    prove_layer(xp, Dropout(0.4), {}, x, dy, noise)


def test_drops_the_rate_and_keeps_the_mean(rng):
    y, _ = Dropout(0.3).forward({}, np.ones((100, 1000)), rng.uniform(size=(100, 1000)))
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.005)
    assert np.mean(y) == pytest.approx(1.0, abs=0.01)


def test_equals_onnx_given_the_same_mask(xp, rng):
    x = rng.normal(size=(4, 3))
    y, mask = onnx_run("Dropout", x, np.array(0.4), np.array(True), outputs=2, seed=1)
    close(xp(Dropout(0.4).forward, {}, x, np.where(mask, 0.9, 0.1))[0], y)


def test_evaluation_changes_nothing_as_in_onnx(xp, rng):
    x = rng.normal(size=(4, 3))
    y = xp(lambda x: Dropout(0.4).evaluate({}, {}, x), x)
    close(y, x, 0, 0)
    close(y, onnx_run("Dropout", x)[0], 0, 0)


def test_rate_may_be_traced_and_zero(xp, rng):
    x = rng.normal(size=(4, 3))
    came = xp(
        lambda rate, x, noise: Dropout(rate).forward({}, x, noise)[0], np.array(0.0), x, np.zeros((4, 3))
    )
    close(came, x, 0, 0)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1, float("nan")])
def test_refuses_a_rate_that_drops_all_or_less_than_none(rate):
    with pytest.raises(NetworkError, match="dropout rate"):
        Dropout(rate)


def test_channels_are_dropped_whole(xp):
    image, noise = np.ones((2, 3, 2, 2)), np.array([[0.1, 0.9], [0.5, 0.4]])[:, None, None, :]
    layer = Dropout(0.5, channels=True)
    assert layer.noise_shape((3, 2, 2)) == (1, 1, 2)
    y, _ = xp(layer.forward, {}, image, noise)
    assert np.array_equal(y, image * np.array([[0.0, 2.0], [2.0, 0.0]])[:, None, None, :])


def test_derivative_over_channels(xp, rng):
    x, dy, noise = (
        rng.normal(size=(2, 3, 2, 4)),
        rng.normal(size=(2, 3, 2, 4)),
        rng.uniform(size=(2, 1, 1, 4)),
    )
    prove_layer(xp, Dropout(0.4, channels=True), {}, x, dy, noise)


def test_channels_of_rows_of_features_are_the_features():
    assert Dropout(0.5, channels=True).noise_shape((7,)) == Dropout(0.5).noise_shape((7,)) == (7,)
