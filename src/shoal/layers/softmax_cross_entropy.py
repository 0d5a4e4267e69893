"""Softmax followed by the cross-entropy of one right class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shoal.layers.arrays import Array, Values, namespace, one_hot
from shoal.layers.loss import Loss


def softmax(scores: Array) -> Array:
    """exp(s_c) / sum over C of exp(s); the largest score is taken off first, so nothing overflows."""
    return namespace(scores).exp(log_softmax(scores))


def log_softmax(scores: Array) -> Array:
    """s_c - log(sum over C of exp(s)), over the last axis."""
    xp = namespace(scores)
    shifted = scores - xp.max(scores, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """The mean negative log probability of the right class.

    Equation:  p = softmax(s),   loss = -mean over N of log p[n, label[n]]
    Backward:  ds = (p - onehot(label)) / N
    Shapes:    scores (N, C), labels (N,) integers, loss 0-d
    Caveat:    a label outside 0 ... C-1 costs nothing and pushes every score down: check labels before.
    Source:    Bishop (2006), Pattern Recognition and Machine Learning, eqs. 4.104, 4.108 and 4.109.
    """

    kind: ClassVar[str] = "softmax_cross_entropy"

    def forward(self, scores: Array, targets: Array) -> tuple[Array, dict[str, Array]]:
        xp = namespace(scores)
        log_p = log_softmax(scores)
        right = one_hot(targets, scores.shape[-1])
        # `where`, not a product: 0 * -inf of a class ruled out would be NaN.
        loss = -xp.sum(xp.where(right, log_p, xp.zeros_like(log_p))) / scores.shape[0]
        return loss, {"log_p": log_p, "right": right}

    def backward(self, saved: Values) -> Array:
        log_p, right = saved["log_p"], saved["right"]
        xp = namespace(log_p)
        return (xp.exp(log_p) - xp.astype(right, log_p.dtype)) / log_p.shape[0]

    def targets_from_labels(self, labels: Array, classes: int, like: Array) -> Array:
        """The labels themselves."""
        return labels
