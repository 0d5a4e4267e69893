"""The forward pass, as a student writes it in plain NumPy. It keeps what the backward pass needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from .specimen import Part, Specimen

Arrays = dict[str, np.ndarray]


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z))."""
    with np.errstate(over="ignore"):  # exp(-z) = inf gives the right 0
        return 1 / (1 + np.exp(-z))


def affine(part: Part, own: Arrays, x: np.ndarray, noise: Any) -> tuple[np.ndarray, Arrays]:
    """y = x W + b."""
    return x @ own["W"] + own["b"], {"x": x}


def batch_norm(part: Part, own: Arrays, x: np.ndarray, noise: Any) -> tuple[np.ndarray, Arrays]:
    """y = gamma (x - mean) / sqrt(var + epsilon) + beta, over the batch."""
    epsilon = x.dtype.type(part.value)
    mean, var = x.mean(axis=0), x.var(axis=0)
    sigma = np.sqrt(var + epsilon)
    xhat = (x - mean) / sigma
    return own["gamma"] * xhat + own["beta"], {"x": x, "mean": mean, "var": var, "sigma": sigma, "xhat": xhat}


def batch_norm_evaluation(
    part: Part, own: Arrays, x: np.ndarray, running: Arrays
) -> tuple[np.ndarray, Arrays]:
    """y = gamma (x - running mean) / sqrt(running variance + epsilon) + beta."""
    mean, var = running["mean"], running["variance"]
    sigma = np.sqrt(var + x.dtype.type(part.value))
    xhat = (x - mean) / sigma
    return own["gamma"] * xhat + own["beta"], {"x": x, "mean": mean, "var": var, "sigma": sigma, "xhat": xhat}


def relu(part: Part, own: Arrays, z: np.ndarray, noise: Any) -> tuple[np.ndarray, Arrays]:
    """y = max(z, 0)."""
    y = np.maximum(z, 0)
    return y, {"z": z, "y": y}


def leaky_relu(part: Part, own: Arrays, z: np.ndarray, noise: Any) -> tuple[np.ndarray, Arrays]:
    """y = z above 0, slope z below."""
    y = np.where(z > 0, z, z.dtype.type(part.value) * z)
    return y, {"z": z, "y": y}


def sigmoid_layer(part: Part, own: Arrays, z: np.ndarray, noise: Any) -> tuple[np.ndarray, Arrays]:
    """y = 1 / (1 + exp(-slope z))."""
    y = sigmoid(z.dtype.type(part.value) * z)
    return y, {"z": z, "y": y}


def tanh(part: Part, own: Arrays, z: np.ndarray, noise: Any) -> tuple[np.ndarray, Arrays]:
    """y = tanh(z)."""
    y = np.tanh(z)
    return y, {"z": z, "y": y}


def dropout(part: Part, own: Arrays, x: np.ndarray, noise: Any) -> tuple[np.ndarray, Arrays]:
    """Inverted dropout: y = x mask / keep, a unit kept where its noise is at least the rate."""
    mask = (noise[part.name] >= part.value).astype(x.dtype)
    keep = x.dtype.type(1 - part.value)
    return x * mask / keep, {"mask": mask, "keep": np.asarray(keep)}


FORWARD = {
    "affine": affine,
    "batch_norm": batch_norm,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "sigmoid": sigmoid_layer,
    "tanh": tanh,
    "dropout": dropout,
}


def forward(
    net: Specimen,
    parameters: dict[str, Arrays],
    x: np.ndarray,
    noise: Arrays | None,
    evaluating: dict[str, Arrays] | None = None,
) -> tuple[np.ndarray, dict[str, Arrays]]:
    """The scores, and each layer's cache. Batch norms in `evaluating` use these running statistics."""
    cache = {}
    for part in net.parts:
        if evaluating and part.name in evaluating:
            own, running = parameters[part.name], evaluating[part.name]
            x, cache[part.name] = batch_norm_evaluation(part, own, x, running)
            continue
        x, cache[part.name] = FORWARD[part.kind](part, parameters.get(part.name, {}), x, noise)
    return x, cache


def one_hot(y: np.ndarray, classes: int, dtype: Any) -> np.ndarray:
    """Labels (N,) as rows (N, C)."""
    return np.eye(classes, dtype=dtype)[y]


def softmax(s: np.ndarray, axis: int = 1) -> np.ndarray:
    """exp(s) over its sum along an axis."""
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def loss_of(net: Specimen, parameters: dict[str, Arrays], scores: np.ndarray, y: np.ndarray) -> Any:
    """The mean loss of the batch, plus l2 times the sum of all squared weights."""
    t = one_hot(y, net.classes, scores.dtype)
    if net.loss == "softmax_cross_entropy":
        shifted = scores - scores.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        loss = -(t * log_p).sum() / len(y)
    elif net.loss == "squared_error":
        loss = ((scores - t) ** 2).sum() / len(y)
    else:
        loss = (np.logaddexp(0, scores) - t * scores).sum() / len(y)
    weights = [own["W"] for own in parameters.values() if "W" in own]
    return loss + scores.dtype.type(net.l2) * sum((W * W).sum() for W in weights)


def cost(net: Specimen, parameters: dict[str, Arrays], x: np.ndarray, y: np.ndarray, noise: Any) -> Any:
    """What is minimized: the number whose gradients are asked for."""
    scores, _ = forward(net, parameters, x, noise)
    return loss_of(net, parameters, scores, y)
