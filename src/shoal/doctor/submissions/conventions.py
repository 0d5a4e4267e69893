"""Conventions in which someone's loss may differ from the network's cost without being wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from shoal.gradients.networks.point import Parameters, Point
from shoal.layers import BatchNorm, Loss, SoftmaxCrossEntropy
from shoal.layers.sigmoid import logistic
from shoal.layers.softmax_cross_entropy import softmax
from shoal.network import Network

Factor: TypeAlias = Callable[[int, int], float]  # of N examples and C classes

SCALES: tuple[tuple[str, Factor], ...] = (
    ("", lambda n, c: 1.0),
    ("sums over the examples, where the network's takes their mean", lambda n, c: float(n)),
    ("has a factor 1/2", lambda n, c: 0.5),
    ("takes the mean over the classes too, where the network's sums over them", lambda n, c: 1 / c),
    ("sums over the examples and has a factor 1/2", lambda n, c: n / 2),
    ("takes the mean over the classes too and has a factor 1/2", lambda n, c: 0.5 / c),
)
PENALTIES: tuple[tuple[str, Factor], ...] = (
    ("", lambda n, c: 1.0),
    ("has an L2 cost of l2/2 * sum(W**2), where the network's is l2 * sum(W**2)", lambda n, c: 0.5),
    ("has no L2 cost", lambda n, c: 0.0),
    ("has an L2 cost of 2 l2 * sum(W**2), where the network's is l2 * sum(W**2)", lambda n, c: 2.0),
    ("has an L2 cost of l2/(2 N) * sum(W**2), where the network's is l2 * sum(W**2)", lambda n, c: 0.5 / n),
    ("has an L2 cost of l2/N * sum(W**2), where the network's is l2 * sum(W**2)", lambda n, c: 1.0 / n),
)


@dataclass(frozen=True)
class Convention:
    """cost = scale(N, C) * loss of the network with `epsilon` + l2(N, C) * sum of W^2.

    `said` is what is different, in words that go on from "Your loss". With `unbiased`, batch norm divides
    by N - 1 forward. With `biases` the L2 cost is on every b too, which no network of Shoal's has.
    """

    said: tuple[str, ...] = ()
    scale: Factor = SCALES[0][1]
    l2: Factor = SCALES[0][1]
    epsilon: float | None = None
    unbiased: bool = False
    inside_log: float = 0.0
    biases: bool = False

    def bare_loss(self, point: Point) -> float:
        """The network's loss in the convention's form, unscaled and without L2."""
        network, parameters = self.seen(point.network, point.parameters, len(point.x))
        scores, _ = network.forward(parameters, point.x, point.noise)
        if self.inside_log:
            return _guarded(network.loss, scores, point.targets, self.inside_log)
        return float(network.loss.forward(scores, point.targets)[0])

    def seen(self, network: Network, parameters: Mapping, n: int) -> tuple[Network, Parameters]:
        """The network and parameters whose cost is the loss, for n examples.

        Batch norm with the variance divided by n - 1 is Shoal's with k gamma in place of gamma and k^2
        epsilon in place of epsilon, k = sqrt((n - 1) / n).
        """
        k = self._gamma_factor(n)
        layers = tuple(
            replace(layer, epsilon=k * k * (layer.epsilon if self.epsilon is None else self.epsilon))
            if isinstance(layer, BatchNorm)
            else layer
            for layer in network.layers
        )
        return replace(network, layers=layers), _times(parameters, {"gamma": k})

    def brought_back(self, gradients: Parameters, n: int, classes: int) -> Parameters:
        """Gradients of the loss as gradients of the cost of `seen` with `l2_seen`."""
        scaled = {name: 1 / self.scale(n, classes) for name in ("W", "b", "gamma", "beta")}
        return _times(gradients, {**scaled, "gamma": scaled["gamma"] / self._gamma_factor(n)})

    def l2_seen(self, n: int, classes: int) -> float:
        """The L2 coefficient next to a loss that is not scaled."""
        return self.l2(n, classes) / self.scale(n, classes)

    @property
    def varies(self) -> bool:
        """Whether the network that is seen depends on the number of examples."""
        return self.unbiased or len({round(self.l2_seen(n, 7), 15) for n in (3, 4, 5)}) > 1

    def _gamma_factor(self, n: int) -> float:
        return ((n - 1) / n) ** 0.5 if self.unbiased else 1.0


def _guarded(loss: Loss, scores: np.ndarray, targets: np.ndarray, inside: float) -> float:
    """A cross-entropy with `inside` added to each probability before its logarithm."""
    if isinstance(loss, SoftmaxCrossEntropy):
        p = softmax(scores)[np.arange(len(scores)), targets]
        return float(-np.mean(np.log(p + inside)))
    p = logistic(scores)
    costs = targets * np.log(p + inside) + (1 - targets) * np.log(1 - p + inside)
    return float(-np.sum(costs) / len(scores))


def _times(arrays: Mapping[str, Mapping[str, Any]], by: Mapping[str, float]) -> Parameters:
    return {
        name: {
            key: value if by.get(key, 1.0) == 1.0 else value * value.dtype.type(by[key])
            for key, value in own.items()
        }
        for name, own in arrays.items()
    }
