"""Small networks with a batch, and the mistakes that tests plant in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shoal.gradients import GradientCheck, Point, check_point, draw_point
from shoal.layers import Affine, BatchNorm, HeNormal, Layer, ReLU, SoftmaxCrossEntropy
from shoal.network import Network, compose

FEATURES, CLASSES, EXAMPLES, L2 = 7, 4, 9, 0.01


def small_network(hidden: Sequence[int] = (6, 5), **changes: Any) -> Network:
    """7 features, ReLU, 4 classes; without batch norm unless asked for."""
    settings: dict[str, Any] = {"activation": ReLU(), "initial": HeNormal(), "loss": SoftmaxCrossEntropy()}
    return compose((FEATURES,), CLASSES, hidden=hidden, **{**settings, **changes})


def draw_batch(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Examples (N, D) and labels (N,)."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(EXAMPLES, FEATURES)), rng.integers(0, CLASSES, EXAMPLES)


def draw(network: Network, seed: int = 0, *, l2: float = L2, moved: bool = True) -> Point:
    """The network at a start of its own, on a batch of its own."""
    x, labels = draw_batch(seed)
    targets = network.loss.targets_from_labels(labels, network.classes, x)
    return draw_point(network, x, targets, l2, seed, moved=moved)


def check(network: Network, **options: Any) -> GradientCheck:
    """A quick check of `network`."""
    return check_point(draw(network), probes=12, **options)


def chain(*layers: Layer) -> Network:
    """The layers with an affine map to the scores behind them."""
    return Network((FEATURES,), (*layers, Affine(CLASSES)), SoftmaxCrossEntropy(), CLASSES)


def two_hidden(layer: Layer, *, norm: Layer | None = None) -> Network:
    """affine_1, batch_norm_1, the layer's first copy, affine_2, batch_norm_2, its second copy, affine_3."""
    norm = norm or BatchNorm()
    return chain(Affine(6), norm, layer, Affine(5), norm, layer)


class WithoutVariancePath(BatchNorm):
    """A backward pass that takes the batch's variance as a constant."""

    def backward(self, parameters: Any, saved: Any, dy: Any) -> Any:
        dx, gradients = super().backward(parameters, saved, dy)
        scale = parameters["gamma"] * saved["inverse_sigma"]
        return dx + scale * saved["xhat"] * gradients["gamma"] / len(dy), gradients
