"""The check of networks on images."""

from dataclasses import dataclass

import numpy as np
import pytest

from shoal.gradients import Verdict, check_start
from shoal.gradients.networks.structure import zero_by_construction
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

SHAPE, CLASSES = (6, 6, 2), 3


def chain(*layers):
    return compose_layers(SHAPE, CLASSES, layers, SoftmaxCrossEntropy())


def check(network, **options):
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(7, *SHAPE)), rng.integers(0, CLASSES, 7)
    return check_start(network, x, labels, 0.01, probes=12, **options)


@pytest.mark.parametrize(
    "layers",
    [
        [Convolution(3, 3, padding="same"), Tanh(), AveragePool(2), BatchNorm(), Convolution(2, 2), Tanh()],
        [Convolution(3, 3), ReLU(), MaxPool(2), Dropout(0.4, channels=True), Affine(5), ReLU()],
        [Convolution(3, 2, stride=2, padding=1), ReLU(), GlobalAveragePool()],
    ],
    ids=["average", "max", "global average"],
)
def test_right_gradients_pass(layers):
    found = check(chain(*layers))
    assert found.ok, found.to_json()
    assert found.worst < 1e-6
    assert {block.verdict for block in found.blocks} == {Verdict.OK}


def test_images_with_equal_cells_are_no_false_alarm():
    """A window of a plain background has several largest cells."""
    x = np.zeros((6, *SHAPE))
    x[:, 2:4, 1:5, :] = np.random.default_rng(2).normal(size=(6, 2, 4, 2))
    network = chain(Convolution(3, 3, padding="same"), Tanh(), MaxPool(2), Convolution(2, 2), Tanh())
    found = check_start(network, x, np.arange(6) % CLASSES, 0.01, probes=12)
    assert found.ok, found.to_json()


@dataclass(frozen=True)
class Flipped(Convolution):
    """Hands dy back through a kernel that is turned around."""

    def _backward_x(self, W, dy, shape):
        return super()._backward_x(W[::-1, ::-1], dy, shape)


@dataclass(frozen=True)
class ForgetsTheEdge(AveragePool):
    """Takes every window for a whole one, on the way back."""

    def backward(self, parameters, saved, dy):
        rows, columns = self.axes(saved)
        whole = np.outer(rows.real, columns.real) / (rows.window * columns.window)
        return super().backward(parameters, saved, dy * whole[:, :, None])


@pytest.mark.parametrize(
    ("layers", "culprit"),
    [
        ([Convolution(2, 2), Tanh(), Flipped(2, 3), Tanh()], "convolution_2"),
        ([Convolution(2, 2), Tanh(), ForgetsTheEdge(3, 2, 1), Tanh()], "average_pool_1"),
    ],
)
def test_a_wrong_layer_is_named(layers, culprit):
    found = check(chain(*layers))
    assert found.culprits == (culprit,)
    assert {(block.layer, block.parameter) for block in found.wrong} >= {("convolution_1", "W")}


def test_a_convolution_s_bias_in_front_of_batch_norm_is_zero_by_construction():
    found = check(chain(Convolution(3, 3), MaxPool(2), BatchNorm(), ReLU()))
    assert found.ok, found.to_json()
    assert found.block("convolution_1", "b").verdict is Verdict.ZERO


BIAS = ("convolution_1", "b")


@pytest.mark.parametrize(
    ("behind", "is_zero"),
    [
        ([BatchNorm()], True),
        ([AveragePool(2, padding="same"), BatchNorm()], True),
        ([MaxPool(2, padding=1), BatchNorm()], True),
        ([Flatten(), BatchNorm()], True),
        ([GlobalAveragePool(), BatchNorm()], True),
        ([Convolution(2, 2), BatchNorm()], True),
        ([Convolution(2, 3, padding="same"), BatchNorm()], False),  # the edges see less of the bias
        ([Convolution(2, 3, padding="same"), AveragePool(2), Flatten(), BatchNorm()], True),
        ([Convolution(2, 3, padding="same"), MaxPool(2), Flatten(), BatchNorm()], False),
        ([ReLU(), BatchNorm()], False),
        ([Dropout(0.1, channels=True), BatchNorm()], False),
        ([Flatten(), Affine(4), BatchNorm()], True),
        ([], False),
    ],
    ids=str,
)
def test_a_bias_is_zero_by_construction_where_a_batch_norm_takes_it_off_again(behind, is_zero):
    network = chain(Convolution(3, 2), *behind)
    assert (BIAS in zero_by_construction(network)) == is_zero
    rng = np.random.default_rng(3)
    x, labels = rng.normal(size=(7, *SHAPE)), rng.integers(0, CLASSES, 7)
    noise = {
        name: {key: rng.normal(size=shape) for key, (shape, _) in own.items()}
        for name, own in network.parameter_noise().items()
    }
    drops = {name: rng.uniform(size=shape) for name, shape in network.draw_shapes(7).items()}
    _, gradients, _, _ = network.cost_and_gradients(network.initialize(noise), x, labels, 0.0, drops)
    assert (np.max(np.abs(gradients["convolution_1"]["b"])) < 1e-12) == is_zero
