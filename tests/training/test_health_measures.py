"""What goes on inside a network, against plain NumPy by hand."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from shoal.layers import BatchNorm, HeNormal, LeakyReLU, ReLU, Sigmoid, SoftmaxCrossEntropy, Tanh
from shoal.network import compose
from shoal.training.health import SIGMOID_BOUND, TANH_BOUND, measure_health, measured_layers
from shoal.training.schedules import Clock
from shoal.training.step import MemberState

pytestmark = pytest.mark.usefixtures("float64")
P = (0.05, 0.5, 0.95)
N, D, C = 8, 3, 4
X = np.random.default_rng(5).normal(size=(N, D))
LABELS = np.arange(N) % C
L2, RATE = 0.03, 0.2


def network(activation, batch_norm=None, dropout=None, hidden=(5,)):
    return compose(
        (D,), C, hidden=hidden, activation=activation, batch_norm=batch_norm, dropout=dropout,
        initial=HeNormal(), loss=SoftmaxCrossEntropy(),
    )  # fmt: skip


def measured(net, change=lambda parameters: parameters, optimizer=None, state=None, slots=None):
    """The measures of a member whose weights are drawn, as {measure: {layer: number or quantiles}}."""
    rng = np.random.default_rng(2)
    noise = {
        layer: {name: jnp.asarray(rng.normal(size=shape)) for name, (shape, _) in own.items()}
        for layer, own in net.parameter_noise().items()
    }
    parameters = change(net.initialize(noise))
    training = SimpleNamespace(
        l2=L2, learning_rate=RATE, schedule=None, optimizer_table=optimizer or SimpleNamespace(kind="sgd")
    )
    state = state or net.initial_state(jnp.zeros(()))
    member = MemberState(parameters, state, slots or optax.EmptyState(), jnp.int32(-1), jnp.zeros(()))
    targets = net.loss.targets_from_labels(jnp.asarray(LABELS), C, jnp.asarray(X))
    found = jax.jit(
        lambda member: measure_health(
            net, training, member, jnp.asarray(X), targets, Clock(jnp.int32(3), 10, 5), P
        )
    )(member)
    layers = measured_layers(net)
    return {
        name: {
            layer: np.asarray(v)
            for layer, v in zip(layers, values, strict=True)
            if not np.isnan(np.asarray(v)).all()
        }
        for name, values in found.items()
    }, jax.tree.map(np.asarray, parameters)


def relu_by_hand(p):
    """Activations, and the loss's weight gradients, of D -> 5 -> ReLU -> C with softmax, in plain NumPy."""
    z = X @ p["affine_1"]["W"] + p["affine_1"]["b"]
    h = np.maximum(z, 0)
    scores = h @ p["affine_2"]["W"] + p["affine_2"]["b"]
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    dscores = (e / e.sum(axis=1, keepdims=True) - np.eye(C)[LABELS]) / N
    dz = dscores @ p["affine_2"]["W"].T * (z > 0)
    return {"affine_1": z, "relu_1": h, "affine_2": scores}, {"affine_1": X.T @ dz, "affine_2": h.T @ dscores}


def test_activations_gradients_and_updates_are_those_of_plain_numpy():
    found, p = measured(network(ReLU()))
    outputs, gradients = relu_by_hand(p)
    assert found["activation_mean"].keys() == outputs.keys()
    for layer, y in outputs.items():
        assert found["activation_mean"][layer] == pytest.approx(y.mean(), rel=1e-12)
        assert found["activation_deviation"][layer] == pytest.approx(y.std(), rel=1e-12)
        np.testing.assert_allclose(found["activation_quantile"][layer], np.quantile(y, P), rtol=1e-12)
    assert found["gradient_norm"].keys() == gradients.keys()
    for layer, g in gradients.items():
        W = p[layer]["W"]
        assert found["gradient_mean"][layer] == pytest.approx(g.mean(), rel=1e-11)
        assert found["gradient_deviation"][layer] == pytest.approx(g.std(), rel=1e-12)
        assert found["gradient_norm"][layer] == pytest.approx(np.sqrt((g**2).sum()), rel=1e-12)
        np.testing.assert_allclose(found["gradient_quantile"][layer], np.quantile(g, P), rtol=1e-11)
        assert found["weight_norm"][layer] == pytest.approx(np.sqrt((W**2).sum()), rel=1e-12)
        step = RATE * (g + 2 * L2 * W)  # the cost's gradient, L2 included
        assert found["update_ratio"][layer] == pytest.approx(
            np.sqrt((step**2).sum() / (W**2).sum()), rel=1e-12
        )


def test_the_update_is_the_optimizer_s_own_with_its_memory():
    net = network(ReLU())
    _, p = measured(net)
    velocity = jax.tree.map(lambda v: jnp.asarray(np.full(v.shape, 0.3)), p)
    optimizer = SimpleNamespace(kind="momentum", momentum=0.9)
    found, _ = measured(net, optimizer=optimizer, slots=optax.TraceState(velocity))
    _, gradients = relu_by_hand(p)
    for layer, g in gradients.items():
        W = p[layer]["W"]
        step = RATE * (0.9 * 0.3 + g + 2 * L2 * W)
        assert found["update_ratio"][layer] == pytest.approx(
            np.linalg.norm(step) / np.linalg.norm(W), rel=1e-12
        )


def test_a_relu_unit_is_dead_where_it_is_zero_on_every_example():
    def kill(parameters):
        b = np.zeros(5)
        b[:2] = -100.0
        return {**parameters, "affine_1": {**parameters["affine_1"], "b": jnp.asarray(b)}}

    found, p = measured(network(ReLU()), kill)
    dead = (relu_by_hand(p)[0]["relu_1"] == 0).all(axis=0).mean()
    assert dead >= 0.4
    assert found["dead_fraction"] == {"relu_1": pytest.approx(dead)}
    assert "saturated_fraction" not in found
    assert "dead_fraction" not in measured(network(LeakyReLU()))[0]


@pytest.mark.parametrize(
    ("layer", "name", "slope"),
    [(Sigmoid(), "sigmoid_1", lambda y: 4 * y * (1 - y)), (Tanh(), "tanh_1", lambda y: 1 - y**2)],
    ids=["sigmoid", "tanh"],
)
def test_an_output_is_saturated_where_its_slope_is_below_a_twentieth_of_the_largest(layer, name, slope):
    found, p = measured(network(layer), lambda p: jax.tree.map(lambda v: 3 * v, p))
    z = X @ p["affine_1"]["W"]
    y = np.tanh(z) if name == "tanh_1" else 1 / (1 + np.exp(-z))
    share = (slope(y) < 0.05).mean()
    assert 0 < share < 1
    assert found["saturated_fraction"] == {name: pytest.approx(share)}
    assert slope(SIGMOID_BOUND if name == "sigmoid_1" else TANH_BOUND) == pytest.approx(0.05, rel=5e-3)


def test_batch_norm_is_measured_and_its_running_statistics_compared_with_the_probe_s():
    net = network(ReLU(), BatchNorm(epsilon=1e-3))
    state = {"batch_norm_1": {"mean": jnp.linspace(-1, 1, 5), "variance": jnp.linspace(0.5, 3, 5)}}
    gamma = np.linspace(0.2, 2, 5)

    def change(p):
        return {**p, "batch_norm_1": {**p["batch_norm_1"], "gamma": jnp.asarray(gamma)}}

    found, p = measured(net, change, state=state)
    z = X @ p["affine_1"]["W"]
    mean, sigma = z.mean(axis=0), np.sqrt(z.var(axis=0) + 1e-3)
    shift = (np.linspace(-1, 1, 5) - mean) / sigma
    spread = np.log(np.sqrt(np.linspace(0.5, 3, 5) + 1e-3) / sigma)
    assert found["running_mean_lag"] == {"batch_norm_1": pytest.approx(np.sqrt((shift**2).mean()))}
    assert found["running_deviation_lag"] == {"batch_norm_1": pytest.approx(np.sqrt((spread**2).mean()))}
    np.testing.assert_allclose(found["gamma_quantile"]["batch_norm_1"], np.quantile(gamma, P))
    np.testing.assert_allclose(found["beta_quantile"]["batch_norm_1"], 0)
    np.testing.assert_allclose(found["running_mean_quantile"]["batch_norm_1"], [-0.9, 0, 0.9])
    variances = np.quantile(np.linspace(0.5, 3, 5), P)
    np.testing.assert_allclose(found["running_variance_quantile"]["batch_norm_1"], variances)
    y = gamma * (z - mean) / sigma  # the probe's own statistics, as in training
    assert found["activation_deviation"]["batch_norm_1"] == pytest.approx(y.std())


def test_dropout_is_left_out_and_other_layers_keep_their_names():
    plain, with_dropout = network(ReLU()), network(ReLU(), dropout=0.5)
    assert measured_layers(with_dropout) == measured_layers(plain)
    jax.tree.map(np.testing.assert_array_equal, measured(with_dropout)[0], measured(plain)[0])


def test_gradients_too_small_to_be_squared_in_float32_still_have_a_size():
    from shoal.training.health import mean_and_deviation

    mean, deviation = mean_and_deviation(jnp.array([1e-30, 3e-30], jnp.float32))
    assert float(mean) == pytest.approx(2e-30)
    assert float(deviation) == pytest.approx(1e-30)
    assert [float(v) for v in mean_and_deviation(jnp.zeros(3))] == [0, 0]
