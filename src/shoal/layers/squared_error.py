"""The squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shoal.layers.arrays import Array, Values, namespace, one_hot
from shoal.layers.loss import Loss


@dataclass(frozen=True)
class SquaredError(Loss):
    """The squared distance of each example's scores from its targets.

    Equation:  loss = mean over N of sum over C of (s - t)^2
    Backward:  ds = 2 (s - t) / N
    Shapes:    scores and targets (N, C), loss 0-d
    Caveat:    no factor 1/2, and summed over C; Keras and PyTorch take the mean over C as well.
    Source:    Goodfellow, Bengio and Courville (2016), Deep Learning, eq. 5.5 (there a mean over both).
    """

    kind: ClassVar[str] = "squared_error"

    def forward(self, scores: Array, targets: Array) -> tuple[Array, dict[str, Array]]:
        error = scores - targets
        return namespace(scores).sum(error * error) / scores.shape[0], {"error": error}

    def backward(self, saved: Values) -> Array:
        error = saved["error"]
        return 2 * error / error.shape[0]

    def targets_from_labels(self, labels: Array, classes: int, like: Array) -> Array:
        """One-hot rows (N, C); labels that are floats are the targets of a regression themselves, (N, 1)."""
        xp = namespace(labels)
        real = xp.isdtype(labels.dtype, "real floating")
        return xp.astype(labels[:, None] if real else one_hot(labels, classes), like.dtype)
