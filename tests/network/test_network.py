"""A network's passes: training, evaluation, state."""

import numpy as np
import pytest

from networks import draw_batch, small_network
from shoal.errors import NetworkError
from shoal.layers import Affine, BatchNorm, ReLU, SquaredError
from shoal.network import Network

# 1 feature, y = relu(2 x + 1) 3 - 1
BY_HAND = Network((1,), (Affine(1), ReLU(), Affine(1)), SquaredError(), 1)
PARAMETERS = {
    "affine_1": {"W": np.array([[2.0]]), "b": np.array([1.0])},
    "affine_2": {"W": np.array([[3.0]]), "b": np.array([-1.0])},
}
X, TARGETS = np.array([[1.0], [-1.0]]), np.array([[6.0], [0.0]])  # scores 8 and -1


def test_cost_known_by_hand(xp):
    costs = xp(lambda p, x, t: BY_HAND.costs(p, x, t, 0.5), PARAMETERS, X, TARGETS)
    assert costs.loss == 2.5  # (4 + 1) / 2
    assert costs.cost == 9.0  # and 0.5 (4 + 9), without the biases


def test_gradients_known_by_hand(xp):
    def pass_through(p, x, t):
        costs, gradients, _, scores = BY_HAND.cost_and_gradients(p, x, t, 0.5)
        return costs, gradients, scores

    costs, gradients, scores = xp(pass_through, PARAMETERS, X, TARGETS)
    assert tuple(costs) == (9.0, 2.5)
    assert scores.tolist() == [[8.0], [-1.0]]
    # dscores = (2, -1); the second example's unit is off.
    assert gradients["affine_2"] == {"W": 2 * 3 + 3, "b": 1}
    assert gradients["affine_1"] == {"W": 2 * 3 * 1 + 2, "b": 6}


def test_no_derivative_is_computed_below_the_first_layer_with_parameters(rng, monkeypatch):
    network = small_network(input_dropout=0.5)
    batch = draw_batch(network, rng)
    seen = []
    for kind in {type(layer) for layer in network.layers}:

        def counted(layer, *arguments, original=kind.backward):
            seen.append(layer.kind)
            return original(layer, *arguments)

        monkeypatch.setattr(kind, "backward", counted)
    network.cost_and_gradients(batch.parameters, batch.x, batch.targets, 0.0, batch.noise)
    assert network.names[:2] == ("dropout_1", "affine_1")
    assert seen == ["affine", "relu", "batch_norm", "affine", "relu", "batch_norm"]


def test_evaluation_uses_no_noise_and_takes_each_example_by_itself(xp, rng):
    network = small_network(dropout=0.5)
    batch = draw_batch(network, rng)

    def evaluate(p, x):
        return network.evaluate(p, network.initial_state(x), x)

    together, alone = xp(evaluate, batch.parameters, batch.x), xp(evaluate, batch.parameters, batch.x[:1])
    np.testing.assert_allclose(together[:1], alone, rtol=1e-12)


def test_state_follows_the_batches(rng):
    network = small_network(batch_norm=BatchNorm(decay=0.75))
    batch = draw_batch(network, rng)
    _, saved = network.forward(batch.parameters, batch.x)
    start = network.initial_state(batch.x)
    state = network.update_state(start, saved)
    z = batch.x @ batch.parameters["affine_1"]["W"] + batch.parameters["affine_1"]["b"]
    np.testing.assert_allclose(state["batch_norm_1"]["mean"], 0.25 * z.mean(axis=0))
    np.testing.assert_allclose(state["batch_norm_1"]["variance"], 0.75 + 0.25 * z.var(axis=0))
    assert start["batch_norm_1"]["mean"].tolist() == [0.0] * 5
    assert set(state) == {"batch_norm_1", "batch_norm_2"}


def test_float32_stays_float32(rng):
    network = small_network(dropout=0.25, batch_norm=BatchNorm())
    batch = draw_batch(network, rng)
    single = {
        name: {k: v.astype(np.float32) for k, v in own.items()} for name, own in batch.parameters.items()
    }
    noise = {name: drawn.astype(np.float32) for name, drawn in batch.noise.items()}
    costs, gradients, saved, scores = network.cost_and_gradients(
        single, batch.x.astype(np.float32), batch.targets, 0.1, noise
    )
    state = network.update_state(network.initial_state(scores), saved)
    values = [*costs, scores, *(g for own in [*gradients.values(), *state.values()] for g in own.values())]
    assert {value.dtype.name for value in values} == {"float32"}


def test_refuses_inputs_of_another_shape():
    with pytest.raises(NetworkError, match=r"\(2, 3\) came; expected \('N', 1\)"):
        BY_HAND.forward(PARAMETERS, np.zeros((2, 3)))


def test_refuses_to_draw_by_itself(rng):
    network = small_network(dropout=0.5)
    batch = draw_batch(network, rng)
    with pytest.raises(NetworkError, match="dropout_1 draws noise"):
        network.forward(batch.parameters, batch.x)
