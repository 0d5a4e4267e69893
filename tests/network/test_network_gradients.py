"""The hand-written gradient of whole networks is the derivative of their cost."""

import jax
import numpy as np
import pytest

from networks import draw_batch, small_network
from shoal.layers import (
    BatchNorm,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
)

L2 = 0.02
ACTIVATIONS = [ReLU(), LeakyReLU(), Sigmoid(2.0), Tanh()]
LOSSES = [SoftmaxCrossEntropy(), SigmoidCrossEntropy(), SquaredError()]


def hand_written(network, batch):
    costs, gradients, _, scores = network.cost_and_gradients(
        batch.parameters, batch.x, batch.targets, L2, batch.noise
    )
    return costs, gradients, scores


def assert_is_the_derivative(network, batch):
    costs, gradients, _ = hand_written(network, batch)
    cost, expected = jax.jit(
        jax.value_and_grad(lambda p: network.costs(p, batch.x, batch.targets, L2, batch.noise).cost)
    )(batch.parameters)
    assert costs.cost == pytest.approx(float(cost), rel=1e-12)
    assert list(gradients) == list(batch.parameters)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12), gradients, expected)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("batch_norm", [None, BatchNorm()], ids=["plain", "batch norm"])
@pytest.mark.parametrize(
    "hidden", [[], [6], [6, 5], [6, 5, 6, 5, 6, 5, 6, 5]], ids=lambda h: f"{len(h) + 1} layers"
)
def test_at_every_depth(rng, hidden, batch_norm):
    network = small_network(hidden=hidden, batch_norm=batch_norm)
    assert_is_the_derivative(network, draw_batch(network, rng))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.kind)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda activation: activation.kind)
def test_with_every_activation_and_loss(rng, activation, loss):
    network = small_network(activation=activation, loss=loss, batch_norm_position="after")
    assert_is_the_derivative(network, draw_batch(network, rng))


@pytest.mark.usefixtures("float64")
def test_with_dropout_held_still(rng):
    network = small_network(dropout=0.4, input_dropout=0.2)
    batch = draw_batch(network, rng)
    assert set(batch.noise) == {"dropout_1", "dropout_2", "dropout_3"}
    assert_is_the_derivative(network, batch)


def test_every_backend_gives_the_same(xp, rng):
    network = small_network(dropout=0.4)
    batch = draw_batch(network, rng)
    expected = hand_written(network, batch)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13),
        xp(lambda b: hand_written(network, b), batch),
        expected,
    )


@pytest.mark.usefixtures("float64")
def test_members_with_hyperparameters_of_their_own_are_vectorized(rng):
    """What a population does: one program, with a rate, a slope, a decay and an L2 for each member."""
    slopes, rates, l2s = np.array([0.5, 2.0]), np.array([0.0, 0.5]), np.array([0.0, 0.1])

    def build(slope, rate):
        return small_network(activation=Sigmoid(slope), dropout=rate, batch_norm=BatchNorm(decay=rate))

    batch = draw_batch(build(1.0, 0.1), rng)

    def member(slope, rate, l2):
        network = build(slope, rate)
        costs, gradients, saved, _ = network.cost_and_gradients(
            batch.parameters, batch.x, batch.targets, l2, batch.noise
        )
        return costs, gradients, network.update_state(network.initial_state(batch.x), saved)

    together = jax.jit(jax.vmap(member))(slopes, rates, l2s)
    for i in range(2):
        alone = member(float(slopes[i]), float(rates[i]), float(l2s[i]))
        jax.tree.map(
            lambda a, b, i=i: np.testing.assert_allclose(a[i], b, rtol=1e-10, atol=1e-13), together, alone
        )
