"""The derivative of a loss by the scores, with what can be spoilt in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake, Way, always, page


def _with_count(*counts: str) -> Any:
    return always(*(Way({"count": c}, ("dscores",), f"divided by {c}") for c in counts))


_RIGHT = {
    "softmax_cross_entropy": "ds = (p - onehot(label)) / N",
    "sigmoid_cross_entropy": "ds = (p - t) / N",
    "squared_error": "ds = 2 (s - t) / N",
}


def mistakes(kind: str) -> tuple[Mistake, ...]:
    """The catalogue's entries for one loss."""
    right, scores = _RIGHT[kind], ("dscores",)
    found = [
        Mistake(
            "one-over-n-missing",
            kind,
            "1/N missing",
            "the mean over the N examples left out: every term but L2's is N times too large",
            f"{right}   <- divide by the number of examples",
            "Divide by N once, where the loss is differentiated; nothing below it divides again.",
            page("loss", "one-over-n-missing"),
            _with_count("1"),
        ),
        Mistake(
            "one-over-n-twice",
            kind,
            "1/N applied twice",
            "the mean over the N examples taken twice: every term but L2's is N times too small",
            f"{right}   <- the only 1/N in the whole backward pass",
            "Keep the 1/N in the loss's derivative and sum over the examples everywhere below.",
            page("loss", "one-over-n-twice"),
            _with_count("N^2"),
        ),
        Mistake(
            "one-over-n-wrong-count",
            kind,
            "divided by the wrong count",
            "the sum over examples divided by another number than N",
            f"{right}   <- N is the number of examples in this very batch",
            "Take N from the batch (x.shape[0]), not from a constant or another axis.",
            page("loss", "one-over-n-wrong-count"),
            _with_count("C", "N C", "N - 1", "N + 1", "D"),
            rank=2,
        ),
        Mistake(
            "sign-flipped",
            kind,
            "sign flipped",
            "the opposite sign: a step against it climbs",
            f"{right}   <- prediction minus target, not target minus prediction",
            "Turn the difference round.",
            page("loss", "sign-flipped"),
            always(Way({"sign": -1}, scores, "in front of the loss's derivative")),
        ),
        Mistake(
            "label-term-missing",
            kind,
            "label term missing",
            "the targets left out of the loss's derivative",
            f"{right}   <- the target's term is missing",
            "Subtract the target: with labels, 1 at each example's right class.",
            page("loss", "label-term-missing"),
            always(Way({"labels": "missing"}, scores)),
        ),
        Mistake(
            "labels-shifted",
            kind,
            "labels shifted by one",
            "the target one class off",
            f"{right}   <- classes count from 0",
            "Check whether the labels count from 0 or from 1.",
            page("loss", "labels-shifted"),
            always(
                Way({"labels": 1}, scores, "one class too high"),
                Way({"labels": -1}, scores, "one class too low"),
            ),
            rank=1,
        ),
    ]
    return (*found, *_OWN[kind])


_OWN: dict[str, tuple[Mistake, ...]] = {
    "softmax_cross_entropy": (
        Mistake(
            "softmax-derivative-twice",
            "softmax_cross_entropy",
            "softmax differentiated twice",
            "one more factor p (1 - p): p - onehot(label) holds the softmax's derivative already",
            "ds = (p - onehot(label)) / N   <- no p (1 - p) is left",
            "Leave out the factor.",
            page("loss", "softmax-derivative-twice"),
            always(Way({"twice": True}, ("dscores",))),
        ),
        Mistake(
            "jacobian-diagonal-only",
            "softmax_cross_entropy",
            "softmax Jacobian: diagonal only",
            "the softmax differentiated as if each score moved its own probability alone",
            "dp_j/ds_k = p_j (1[j = k] - p_k)   <- the terms with j != k are missing",
            "Use the whole Jacobian; with the cross-entropy it collapses to p - onehot(label).",
            page("loss", "jacobian-diagonal-only"),
            always(Way({"jacobian": "diagonal"}, ("dscores",))),
        ),
        Mistake(
            "jacobian-missing",
            "softmax_cross_entropy",
            "softmax not differentiated",
            "the softmax itself skipped: the derivative by p passed on as the one by s",
            "ds = dp (diag(p) - p p')   <- this factor is missing",
            "Multiply by the softmax's Jacobian; with the cross-entropy the product is p - onehot(label).",
            page("loss", "jacobian-missing"),
            always(Way({"jacobian": "none"}, ("dscores",))),
            rank=1,
        ),
        Mistake(
            "softmax-wrong-axis",
            "softmax_cross_entropy",
            "softmax along the wrong axis",
            "the probabilities normalized over the examples in place of the classes",
            "p[n, c] = exp(s[n, c]) / sum over c of exp(s[n, c])   <- over c, not over n",
            "Sum over the axis of classes, keeping it as an axis of length 1.",
            page("loss", "softmax-wrong-axis"),
            always(
                Way({"axis": "examples"}, ("dscores",)),
                Way({"axis": "sums"}, ("dscores",), "in the sum alone"),
            ),
        ),
    ),
    "sigmoid_cross_entropy": (
        Mistake(
            "sigmoid-derivative-twice",
            "sigmoid_cross_entropy",
            "sigmoid differentiated twice",
            "one more factor p (1 - p): the cross-entropy has already cancelled it",
            "ds = (p - t) / N   <- no p (1 - p) is left",
            "Leave out the sigmoid's derivative behind the cross-entropy.",
            page("loss", "sigmoid-derivative-twice"),
            always(Way({"twice": True}, ("dscores",))),
        ),
    ),
    "squared_error": (
        Mistake(
            "loss-factor-missing",
            "squared_error",
            "factor 2 missing",
            "the factor 2 of the square's derivative left out",
            "ds = 2 (s - t) / N   <- the 2 is missing",
            "Put the 2 in, or a 1/2 in front of the loss itself.",
            page("loss", "loss-factor-missing"),
            always(Way({"factor": 0.5}, ("dscores",))),
        ),
    ),
}


def plant(
    site: LayerAtPoint,
    *,
    labels: str | int = "right",
    jacobian: str = "full",
    axis: str = "classes",
    count: str = "N",
    factor: float = 1.0,
    sign: int = 1,
    twice: bool = False,
) -> np.ndarray:
    """The loss's derivative by the scores (N, C), with what the options spoil in it.

    `labels` are "right", "missing" or the number of classes they are off by. `factor` stands in front of
    all, and the mean is over `count`. The others belong to one loss each.
    """
    scores, targets = site.x, _one_hot(site)
    wanted = _shifted(targets, labels)
    kind = site.kind
    if kind == "softmax_cross_entropy":
        ds = _softmax(scores, wanted, jacobian, axis, twice)
    elif kind == "sigmoid_cross_entropy":
        p = 0.5 * (1 + np.tanh(0.5 * scores))
        ds = (p - wanted) * (p * (1 - p) if twice else 1.0)
    else:
        ds = 2 * (scores - wanted)
    return sign * factor * ds / _count(site, count)


def _softmax(scores: np.ndarray, wanted: np.ndarray, jacobian: str, axis: str, twice: bool) -> np.ndarray:
    largest, over = (0 if axis == "examples" else 1), (1 if axis == "classes" else 0)
    shifted = np.exp(scores - scores.max(axis=largest, keepdims=True))
    p = shifted / shifted.sum(axis=over, keepdims=True)
    if jacobian == "full":
        return (p - wanted) * (p * (1 - p) if twice else 1.0)
    if jacobian == "diagonal":
        return -wanted * (1 - p)
    with np.errstate(divide="ignore", over="ignore"):
        return -wanted / p


def _one_hot(site: LayerAtPoint) -> np.ndarray:
    targets = site.point.targets
    return np.eye(site.point.network.classes)[targets] if targets.dtype.kind in "iu" else targets


def _shifted(targets: np.ndarray, labels: str | int) -> np.ndarray:
    if isinstance(labels, int):
        return np.roll(targets, labels, axis=1)
    return targets if labels == "right" else np.zeros_like(targets)


def _count(site: LayerAtPoint, count: str) -> float:
    """What a sum over the examples is divided by."""
    n, classes = site.n, site.point.network.classes
    counts: dict[str, float] = {
        "N": n,
        "1": 1,
        "N^2": n * n,
        "C": classes,
        "N C": n * classes,
        "N - 1": max(n - 1, 0.5),
        "N + 1": n + 1,
        "D": site.point.x[0].size,
    }
    return counts[count]
