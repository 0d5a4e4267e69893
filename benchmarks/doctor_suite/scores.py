"""The loss's derivative by the scores, by hand, with the mistakes that are made in it."""

from __future__ import annotations

import numpy as np

from .forward import one_hot, sigmoid, softmax
from .slip import Made
from .specimen import Specimen


def scores_backward(net: Specimen, scores: np.ndarray, y: np.ndarray, made: Made) -> np.ndarray:
    """(p - t) / N of softmax and of sigmoid cross-entropy; 2 (s - t) / N of the squared error."""
    if variant := made("labels-shifted"):
        y = (y + (1 if variant == "up" else -1)) % net.classes
    t = one_hot(y, net.classes, scores.dtype)
    if made("label-term-missing"):
        t = 0 * t
    ds = _difference(net, scores, t, made)
    if made("sign-flipped"):
        ds = -ds
    return ds / _count(net, len(y), made, scores.dtype.type)


def _difference(net: Specimen, scores: np.ndarray, t: np.ndarray, made: Made) -> np.ndarray:
    if net.loss == "squared_error":
        return scores - t if made("loss-factor-missing") else 2 * (scores - t)
    if net.loss == "sigmoid_cross_entropy":
        return sigmoid(scores) - t
    p = softmax(scores, axis=0 if made("softmax-wrong-axis") else 1)
    if made("jacobian-diagonal-only"):  # of dp_i/ds_j = p_i (1[i = j] - p_j), only i = j: -t/p * p (1 - p)
        return -t * (1 - p)
    return p - t


def _count(net: Specimen, n: int, made: Made, number: type) -> np.floating:
    if made("one-over-n-missing"):
        return number(1)
    if made("one-over-n-twice"):
        return number(n) * number(n)
    variant = made("one-over-n-wrong-count")
    if variant == "classes":
        return number(net.classes)
    if variant == "n - 1":
        return number(n - 1)
    return number(variant) if variant else number(n)
