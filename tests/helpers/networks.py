"""Small networks with numbers in them, to test on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shoal.layers import BatchNorm, GlorotNormal, ReLU, SoftmaxCrossEntropy
from shoal.network import Network, compose

PLAIN: dict[str, Any] = {"activation": ReLU(), "initial": GlorotNormal(), "loss": SoftmaxCrossEntropy()}


class Batch(NamedTuple):
    parameters: dict
    x: np.ndarray
    targets: np.ndarray
    noise: dict


def small_network(**changes) -> Network:
    """4 features, two hidden layers, 3 classes; by default ReLU and batch norm."""
    settings = {**PLAIN, "hidden": [5, 6], "batch_norm": BatchNorm(), **changes}
    return compose((4,), 3, **settings)


def draw_batch(network: Network, rng: np.random.Generator, n: int = 8) -> Batch:
    """Parameters (none of them zero), examples, targets and dropout noise in float64."""
    draw = {"normal": rng.normal, "uniform": lambda size: rng.uniform(-1, 1, size=size)}
    wanted = network.parameter_noise()
    noise = {
        name: {key: draw[kind](size=shape) for key, (shape, kind) in own.items()}
        for name, own in wanted.items()
    }
    parameters = network.initialize(noise)
    for own in parameters.values():
        for key in own.keys() & {"b", "beta", "gamma"}:
            own[key] = own[key] + 0.3 * rng.normal(size=own[key].shape)
    x = rng.normal(size=(n, *network.input_shape))
    labels = rng.integers(0, network.classes, size=n)
    targets = network.loss.targets_from_labels(labels, network.classes, x)
    return Batch(
        parameters, x, targets, {name: rng.uniform(size=s) for name, s in network.draw_shapes(n).items()}
    )
