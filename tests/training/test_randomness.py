"""Every random number of a training is drawn from its seed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shoal.layers import BatchNorm, GlorotUniform, HeNormal, ReLU, SoftmaxCrossEntropy
from shoal.network import compose
from shoal.training.randomness import dropout_noise, epoch_order, initial_noise, seed_key

pytestmark = pytest.mark.usefixtures("float64")


def network(batch_norm=None, initial=None):
    return compose(
        (30,), 3, hidden=[40], activation=ReLU(), batch_norm=batch_norm, dropout=0.5, input_dropout=0.2,
        initial=initial or [HeNormal(), GlorotUniform()], loss=SoftmaxCrossEntropy(),
    )  # fmt: skip


def order(seed, epoch, n=17):
    return epoch_order(seed_key(seed), jnp.int32(epoch), n).tolist()


def test_an_epoch_sees_every_example_once():
    assert sorted(order(0, 0)) == list(range(17))


def test_epochs_and_seeds_have_orders_of_their_own_which_never_change():
    orders = [order(seed, epoch) for seed in range(3) for epoch in range(3)]
    assert len({tuple(o) for o in orders}) == 9
    assert orders[4] == order(1, 1)


def test_the_bits_do_not_depend_on_how_jax_is_set_up():
    expected = order(5, 2), jax.random.key_data(seed_key(5)).tolist()
    with jax.default_prng_impl("rbg"):
        assert (order(5, 2), jax.random.key_data(seed_key(5)).tolist()) == expected


def test_initial_noise_has_the_shape_and_distribution_that_each_parameter_asks_for():
    noise = initial_noise(network(), seed_key(0), np.float64)
    assert {(layer, name): a.shape for layer, own in noise.items() for name, a in own.items()} == {
        ("affine_1", "W"): (30, 40),
        ("affine_2", "W"): (40, 3),
    }
    normal, uniform = noise["affine_1"]["W"], noise["affine_2"]["W"]
    assert abs(normal.mean()) < 0.1
    assert abs(normal.std() - 1) < 0.1
    assert jnp.abs(normal).max() > 2
    assert jnp.abs(uniform).max() < 1
    assert abs(uniform.std() - 3**-0.5) < 0.1


def test_cells_of_one_seed_start_from_the_same_noise():
    plain = initial_noise(network(), seed_key(1), np.float64)
    normalized = initial_noise(network(batch_norm=BatchNorm()), seed_key(1), np.float64)
    assert jax.tree.all(jax.tree.map(jnp.array_equal, plain, normalized))


def test_no_two_streams_of_a_seed_are_the_same_numbers():
    net = network(initial=[GlorotUniform(), GlorotUniform()])
    drawn = dropout_noise(net, seed_key(0), jnp.int32(0), 4, np.float64)
    start = initial_noise(net, seed_key(0), np.float64)
    streams = [*drawn.values(), *(own["W"] for own in start.values())]
    numbers = np.concatenate([np.abs(np.ravel(stream)) for stream in streams])
    assert len(np.unique(numbers)) == len(numbers)


def test_dropout_noise_is_uniform_on_0_to_1_and_new_at_every_step_and_for_every_seed():
    shapes = {"dropout_1": (50, 30), "dropout_2": (50, 40)}
    first = dropout_noise(network(), seed_key(0), jnp.int32(0), 50, np.float32)
    assert {name: a.shape for name, a in first.items()} == shapes
    assert {a.dtype for a in first.values()} == {np.dtype(np.float32)}
    assert min(a.min() for a in first.values()) >= 0
    assert max(a.max() for a in first.values()) < 1
    assert abs(first["dropout_1"].mean() - 0.5) < 0.03
    others = [
        dropout_noise(network(), seed_key(s), jnp.int32(t), 50, np.float32) for s, t in [(0, 1), (1, 0)]
    ]
    assert not any(jnp.any(first["dropout_1"] == other["dropout_1"]) for other in others)
