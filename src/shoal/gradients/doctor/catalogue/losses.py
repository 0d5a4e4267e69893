"""The derivative of a loss by the scores, with what can be spoilt in it."""

from __future__ import annotations

import numpy as np

from shoal.gradients.doctor.site import Site


def plant(
    site: Site,
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


def _one_hot(site: Site) -> np.ndarray:
    targets = site.point.targets
    return np.eye(site.point.network.classes)[targets] if targets.dtype.kind in "iu" else targets


def _shifted(targets: np.ndarray, labels: str | int) -> np.ndarray:
    if isinstance(labels, int):
        return np.roll(targets, labels, axis=1)
    return targets if labels == "right" else np.zeros_like(targets)


def _count(site: Site, count: str) -> float:
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
