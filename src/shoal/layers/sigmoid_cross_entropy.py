"""A sigmoid for each output, followed by its binary cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from shoal.layers.arrays import Array, Number, Values, namespace, one_hot
from shoal.layers.base import check_number
from shoal.layers.loss import Loss
from shoal.layers.sigmoid import logistic


@dataclass(frozen=True)
class SigmoidCrossEntropy(Loss):
    """Each output is its own yes-or-no question; also called multiple binary cross-entropy.

    Equation:  p = 1 / (1 + exp(-a)), a = slope s
               loss = -mean over N of sum over C of t log p + (1 - t) log(1 - p)
               computed as log(1 + exp(a)) - t a, which neither overflows nor takes the log of 0
    Backward:  ds = slope (p - t) / N
    Shapes:    scores (N, C), targets (N, C) floats in [0, 1], loss 0-d
    Caveat:    summed over C; Keras and PyTorch take the mean over C as well, a loss C times smaller.
    Source:    Bishop (2006), Pattern Recognition and Machine Learning, eqs. 4.90 and 4.91.
    """

    slope: Number = 1.0
    kind: ClassVar[str] = "sigmoid_cross_entropy"

    def __post_init__(self) -> None:
        check_number("sigmoid slope", self.slope, isfinite, "finite")

    def forward(self, scores: Array, targets: Array) -> tuple[Array, dict[str, Array]]:
        xp = namespace(scores)
        a = self.slope * scores
        costs = xp.logaddexp(a, xp.zeros_like(a)) - targets * a
        return xp.sum(costs) / scores.shape[0], {"a": a, "targets": targets}

    def backward(self, saved: Values) -> Array:
        a = saved["a"]
        return self.slope * (logistic(a) - saved["targets"]) / a.shape[0]

    def targets_from_labels(self, labels: Array, classes: int, like: Array) -> Array:
        """One-hot rows, (N, C)."""
        return namespace(labels).astype(one_hot(labels, classes), like.dtype)
