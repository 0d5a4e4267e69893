"""What report 003 derives and uses, held against derivatives by complex steps, which round nothing away.

f'(x) = Im f(x + ih) / h with h = 1e-30: no difference is taken, so it is exact to the last digits.
Source: Squire & Trapp (1998), Using complex variables to estimate derivatives of real functions.
"""

from __future__ import annotations

import numpy as np

from shoal.layers import Sigmoid, SoftmaxCrossEntropy
from shoal.reproduce.adapt import Mode
from shoal.reproduce.computed.registry import Numbers, computes

H = 1e-30
POINTS, CLASSES = 20, 10


@computes("derivations")
def derivations(mode: Mode) -> Numbers:
    """The largest errors of the softmax formulas and of ours; the slope of 1/(1+exp(-2z)) over s(1-s)."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 3, (POINTS, CLASSES))
    labels = rng.integers(0, CLASSES, POINTS)
    targets = np.eye(CLASSES)[labels]
    jacobians = np.stack([_jacobian(v) for v in scores])
    o = _softmax(scores)
    formula = o[:, :, None] * (np.eye(CLASSES) - o[:, None, :])
    gradients = np.stack([_gradient(v, y) for v, y in zip(scores, targets, strict=True)])
    loss = SoftmaxCrossEntropy()
    _, saved = loss.forward(scores, loss.targets_from_labels(labels, CLASSES, scores))
    ours = np.asarray(loss.backward(saved)) * POINTS  # of the mean over examples
    z = rng.normal(0, 1, POINTS)
    s = 1 / (1 + np.exp(-2 * z))
    slope = np.imag(1 / (1 + np.exp(-2 * (z + 1j * H)))) / H
    layer = Sigmoid(2.0)
    own = layer.backward({}, layer.forward({}, z[:, None])[1], np.ones((POINTS, 1)))[0][:, 0]
    return {
        "softmax.jacobian": np.array([np.abs(jacobians - formula).max()]),
        "softmax.gradient": np.array([np.abs(gradients - (o - targets)).max()]),
        "softmax.ours": np.array([np.abs(gradients - ours).max()]),
        "sigmoid.ratio": slope / (s * (1 - s)),
        "sigmoid.ours": np.array([np.abs(own - slope).max()]),
    }


def _softmax(v: np.ndarray) -> np.ndarray:
    e = np.exp(v - np.real(v).max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _jacobian(v: np.ndarray) -> np.ndarray:
    """do_i / dv_j, (C, C)."""
    return np.stack([np.imag(_softmax(v + 1j * H * step)) / H for step in np.eye(len(v))], axis=1)


def _gradient(v: np.ndarray, y: np.ndarray) -> np.ndarray:
    """dL / dv_j of L = -sum y log o, (C,)."""
    return np.array(
        [np.imag(-(y * np.log(_softmax(v + 1j * H * step))).sum()) / H for step in np.eye(len(v))]
    )
