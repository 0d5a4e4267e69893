"""Gradient descent as a plain loop, one network at a time, in NumPy: to follow every number of a training.

Weights, batches and generator are handed in; the network and its gradients are those that a study trains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from shoal.errors import NetworkError
from shoal.network import ByLayer, Costs, Network, by_name, given_parameters

Generator = Any  # np.random.Generator, or the older np.random.RandomState
Parameters = dict[str, dict[str, np.ndarray]]


class Step(NamedTuple):
    """What one step did: `rate` and `costs` are those of its batch before the update, `parameters` and
    `state` (batch norm's running statistics) stand after it. `step` counts from 0."""

    step: int
    rate: float
    costs: Costs
    parameters: Parameters
    state: Parameters


def draw_parameters(network: Network, generator: Generator) -> Parameters:
    """Initial parameters in float64, from a generator's normal (or uniform) numbers, layer by layer."""
    return network.initialize(
        {
            layer: {name: _draw(generator, *what) for name, what in own.items()}
            for layer, own in network.parameter_noise().items()
        }
    )


def descend(
    network: Network,
    x: np.ndarray,
    labels: np.ndarray,
    order: Iterable[np.ndarray],
    rate: float | Callable[[int], float],
    *,
    l2: float = 0.0,
    parameters: ByLayer | None = None,
    generator: Generator | None = None,
) -> Iterator[Step]:
    """Train step by step: W <- W - rate * dcost/dW, with cost = loss + l2 * sum(W**2) over weights.

    x (n, ...) and labels (n,) are all examples, x as the network is to see it. `order` gives for each step
    the indices of its batch: an array (steps, batch), or a generator expression that draws them as they are
    needed. `rate` is a number or a function of the step. `parameters` are where it starts, by layer; without
    them they are drawn from `generator`, as is the noise of dropout layers.

    Everything is computed in the dtype of x and of the parameters: give float64 for exact numbers.
    Raises NetworkError where the parameters do not fit, and where there is no generator to draw from.
    """
    if parameters is None:
        now = draw_parameters(network, _require(generator, "initial weights"))
    else:
        now = given_parameters(network, by_name(parameters))
    state = network.initial_state(x[:1])
    for step, chosen in enumerate(order):
        batch = x[chosen]
        targets = network.loss.targets_from_labels(labels[chosen], network.classes, batch)
        noise = {
            name: _require(generator, f"the noise of {name}").random(shape).astype(x.dtype)
            for name, shape in network.draw_shapes(len(batch)).items()
        }
        costs, gradients, saved, _ = network.cost_and_gradients(now, batch, targets, l2, noise)
        state = network.update_state(state, saved)
        at = rate(step) if callable(rate) else rate
        now = {
            layer: {name: value - at * gradients[layer][name] for name, value in own.items()}
            for layer, own in now.items()
        }
        yield Step(step, at, costs, now, state)


def _draw(generator: Generator, shape: tuple[int, ...], distribution: str) -> np.ndarray:
    return generator.standard_normal(shape) if distribution == "normal" else generator.uniform(-1, 1, shape)


def _require(generator: Generator | None, what: str) -> Generator:
    if generator is None:
        raise NetworkError(f"There is no generator to draw {what} from.", "Give generator=, or parameters=.")
    return generator
