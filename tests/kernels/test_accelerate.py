"""The fast form of a whole network: the plain one's numbers, names, parameters and state."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pytest

from shoal.kernels import accelerate
from shoal.kernels.inner_convolution import InnerConvolution
from shoal.kernels.lax_convolution import LaxConvolution
from shoal.layers import (
    Affine,
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    ReLU,
    SoftmaxCrossEntropy,
    Tanh,
)
from shoal.network import compose_layers

N, L2 = 7, 0.01
LENET = [
    Convolution(6, 5, padding="same"), Tanh(), AveragePool(2), BatchNorm(),
    Convolution(16, 5), Tanh(), AveragePool(2), BatchNorm(),
    Flatten(), Affine(20), Tanh(), BatchNorm(),
]  # fmt: skip
CHAINS = {
    "LeNet": ((16, 20, 1), LENET),
    "batch norm at the input": ((16, 16, 1), [BatchNorm(), *LENET]),
    "max pools that drop cells": (
        (15, 13, 2),
        [Convolution(4, 3), ReLU(), MaxPool(2), Convolution(5, 2), MaxPool((3, 2)), ReLU()],
    ),
    "pools on pools, strides, dropout": (
        (21, 24, 3),
        [
            Convolution(4, (3, 2), stride=(1, 2), padding=1), MaxPool(2), AveragePool(2), Dropout(0.3),
            Convolution(3, 2, padding="same"), BatchNorm(), Dropout(0.2, channels=True), AveragePool(2),
        ],
    ),
    "pools that overlap stay plain": (
        (12, 12, 2),
        [
            MaxPool(2), Convolution(3, 3, padding=((1, 0), (0, 2))), MaxPool(3, 2, 1),
            Convolution(4, 1), Tanh(),
        ],
    ),
    "no flatten": ((9, 9, 1), [Convolution(4, 3), Convolution(4, 3), ReLU(), GlobalAveragePool()]),
}  # fmt: skip


@pytest.fixture(params=list(CHAINS))
def network(request):
    shape, layers = CHAINS[request.param]
    return compose_layers(shape, 3, layers, SoftmaxCrossEntropy())


@pytest.fixture
def point(network):
    """Parameters, images, labels and noise, NumPy float64: there the plain network needs no compiler."""
    random = np.random.default_rng(0)
    draw = {"normal": random.standard_normal, "uniform": lambda shape: random.uniform(-1, 1, shape)}
    noise = {
        layer: {name: draw[kind](shape) for name, (shape, kind) in own.items()}
        for layer, own in network.parameter_noise().items()
    }
    drawn = {name: random.random(shape) for name, shape in network.draw_shapes(N).items()}
    x = random.standard_normal((N, *network.input_shape))
    return network.initialize(noise), x, random.integers(0, 3, N), drawn


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


def answers(network, parameters, x, labels, noise):
    """All that a network says: of a step in training, and afterwards."""
    costs, gradients, saved, scores = network.cost_and_gradients(parameters, x, labels, L2, noise)
    state = network.population_state(parameters, x)
    updated = network.update_state(network.initial_state(x), saved)
    return costs, gradients, scores, updated, state, network.evaluate(parameters, state, x)


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
def test_gives_the_same_numbers(network, point, platform):
    fast = jax.jit(partial(answers, accelerate(network, platform)))
    equal(answers(network, *point), fast(*point))


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
def test_stacked_members_that_share_their_images(network, point, platform):
    parameters, *batch = point
    members = [jax.tree.map(lambda p, by=by: by * p, parameters) for by in (1.0, 0.5, -1.0)]
    stacked = jax.tree.map(lambda *each: np.stack(each), *members)
    fast = jax.jit(jax.vmap(partial(answers, accelerate(network, platform)), (0, *[None] * len(batch))))
    plain = [answers(network, member, *batch) for member in members]
    equal(jax.tree.map(lambda *each: np.stack(each), *plain), fast(stacked, *batch))


def test_keeps_names_parameters_and_noise(network):
    for platform in ("cpu", "gpu"):
        fast = accelerate(network, platform)
        assert [name for name in fast.names if "to_" not in name] == list(network.names)
        assert fast.parameter_noise() == network.parameter_noise()
        assert fast.draw_shapes(N) == network.draw_shapes(N)


def test_every_convolution_has_a_fast_form(network):
    plain = sum(isinstance(layer, Convolution) for layer in network.layers)
    for platform, kind in (("cpu", InnerConvolution), ("gpu", LaxConvolution)):
        fast = accelerate(network, platform).layers
        assert sum(isinstance(layer, kind) for layer in fast) == plain


def test_leaves_a_users_convolution_alone():
    class Mine(Convolution):
        pass

    network = compose_layers((8, 8, 1), 3, [Mine(2, 3), ReLU()], SoftmaxCrossEntropy())
    assert accelerate(network, "cpu") is network
    assert accelerate(network, "gpu") is network


def equal(plain, fast):
    assert jax.tree.structure(plain) == jax.tree.structure(fast)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-11), plain, fast)
