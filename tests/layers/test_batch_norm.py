"""y = gamma (x - mean) / sqrt(variance + epsilon) + beta, the statistics being the batch's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onnx_reference import onnx_run
from proofs import close, prove_layer
from shoal.errors import NetworkError
from shoal.layers import BatchNorm

PLAIN = {"gamma": np.ones(2), "beta": np.zeros(2)}


def some_parameters(rng, features):
    return {"gamma": rng.normal(size=features), "beta": rng.normal(size=features)}


def test_value_known_by_hand(xp):
    parameters = {"gamma": np.array([2.0]), "beta": np.array([10.0])}
    x = np.array([[1.0], [3.0]])  # mean 2, variance 1: sigma = 2 with an epsilon of 3
    y, saved = xp(BatchNorm(epsilon=3.0).forward, parameters, x)
    close(y, np.array([[9.0], [11.0]]))
    assert saved["mean"].tolist() == [2.0]
    assert saved["variance"].tolist() == [1.0]


def test_derivative(xp, rng):
    x, dy = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    prove_layer(xp, BatchNorm(), some_parameters(rng, 3), 3 * x + 1, dy)


def test_derivative_for_images(xp, rng):
    x, dy = rng.normal(size=(3, 2, 2, 2)), rng.normal(size=(3, 2, 2, 2))
    prove_layer(xp, BatchNorm(), some_parameters(rng, 2), x, dy)


def test_training_equals_onnx(xp, rng):
    x, parameters = rng.normal(size=(6, 3)), some_parameters(rng, 3)
    state = {"mean": rng.normal(size=3), "variance": rng.uniform(1, 2, size=3)}
    layer = BatchNorm(decay=0.75, epsilon=1e-3)

    def train(state, parameters, x):
        y, saved = layer.forward(parameters, x)
        new = layer.update_state(state, saved)
        return y, new["mean"], new["variance"]

    inputs = (x, parameters["gamma"], parameters["beta"], state["mean"], state["variance"])
    expected = onnx_run(
        "BatchNormalization", *inputs, outputs=3, training_mode=1, momentum=0.75, epsilon=1e-3
    )
    # ONNX keeps its momentum and epsilon as 32-bit attributes: they agree to that.
    close(list(xp(train, state, parameters, x)), expected, 1e-7)


def test_evaluation_equals_onnx(xp, rng):
    x, parameters = rng.normal(size=(6, 3)), some_parameters(rng, 3)
    state = {"mean": rng.normal(size=3), "variance": rng.uniform(1, 2, size=3)}
    y = xp(BatchNorm(epsilon=2**-10).evaluate, parameters, state, x)
    inputs = (x, parameters["gamma"], parameters["beta"], state["mean"], state["variance"])
    close(y, onnx_run("BatchNormalization", *inputs, epsilon=2**-10)[0])


def test_running_state_moves_from_zero_and_one_towards_the_batch(xp):
    layer = BatchNorm(decay=0.5)

    def first_step(parameters, x):
        start = layer.initial_state((2,), x)
        return start, layer.update_state(start, layer.forward(parameters, x)[1])

    start, after = xp(first_step, PLAIN, np.array([[0.0, 1.0], [4.0, 1.0]]))
    close(start, {"mean": np.zeros(2), "variance": np.ones(2)}, 0, 0)
    # The biased variance of 0 and 4 is 4; the unbiased one would be 8.
    close(after, {"mean": np.array([1.0, 0.5]), "variance": np.array([2.5, 0.5])})


def test_evaluation_with_the_population_state_equals_training_on_the_population(xp, rng):
    x, parameters = rng.normal(size=(50, 3)), some_parameters(rng, 3)
    layer = BatchNorm()

    def both_ways(parameters, x):
        return layer.evaluate(parameters, layer.population_state(x), x), layer.forward(parameters, x)[0]

    evaluated, trained = xp(both_ways, parameters, x)
    close(evaluated, trained)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, (6, 2), elements=st.floats(-1e3, 1e3)), st.floats(1e-8, 1.0))
def test_output_has_mean_zero_and_variance_just_below_one(x, epsilon):
    y, saved = BatchNorm(epsilon=epsilon).forward(PLAIN, x)
    variance = saved["variance"]
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(y.var(axis=0), variance / (variance + epsilon), atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, (6, 2), elements=st.floats(-10, 10)),
    arrays(np.float64, (6, 2), elements=st.floats(-10, 10)),
)
def test_derivative_is_blind_to_a_shift_of_the_batch(x, dy):
    dx, _ = BatchNorm().backward(PLAIN, BatchNorm().forward(PLAIN, x)[1], dy)
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-6 * (1 + abs(dx).max()))


@pytest.mark.parametrize(
    "x", [np.full((5, 2), 7.0), np.array([[3.0, -4.0]])], ids=["constant", "batch of one"]
)
def test_a_constant_feature_and_a_batch_of_one_give_beta_and_no_derivative(xp, x):
    parameters = {"gamma": np.array([2.0, 3.0]), "beta": np.array([5.0, 6.0])}

    def both(parameters, x):
        y, saved = BatchNorm().forward(parameters, x)
        return y, *BatchNorm().backward(parameters, saved, x / x)

    y, dx, gradients = xp(both, parameters, x)
    np.testing.assert_array_equal(y, np.broadcast_to(parameters["beta"], x.shape))
    np.testing.assert_array_equal(dx, np.zeros_like(x))
    assert gradients["gamma"].tolist() == [0.0, 0.0]


def test_decay_and_epsilon_may_be_traced(xp, rng):
    x = rng.normal(size=(4, 2))

    def train(decay, epsilon, parameters, x):
        layer = BatchNorm(decay, epsilon)
        y, saved = layer.forward(parameters, x)
        return y, layer.update_state(layer.initial_state((2,), x), saved)

    fixed = BatchNorm(0.7, 0.1)
    y, saved = fixed.forward(PLAIN, x)
    expected = (y, fixed.update_state(fixed.initial_state((2,), x), saved))
    close(xp(train, np.array(0.7), np.array(0.1), PLAIN, x), expected)


@pytest.mark.parametrize(
    "wrong", [{"decay": 1.5}, {"decay": -0.1}, {"epsilon": 0.0}, {"epsilon": float("nan")}]
)
def test_refuses_a_decay_or_an_epsilon_out_of_range(wrong):
    with pytest.raises(NetworkError, match=f"batch norm {next(iter(wrong))}"):
        BatchNorm(**wrong)


def test_refuses_examples_without_features():
    with pytest.raises(NetworkError, match="axis of features"):
        BatchNorm().output_shape(())
