"""The activations' derivatives by hand, with the mistakes that are made in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .forward import sigmoid
from .slip import Made
from .specimen import Part


def relu_backward(scene: Any, part: Part, dy: np.ndarray, made: Made) -> np.ndarray:
    """dx = dy where z > 0, else 0."""
    cache = scene.cache[part.name]
    mask = cache["z"] > 0
    if made("relu-at-zero"):
        mask = cache["z"] >= 0
    if variant := made("relu-mask-inverted"):
        mask = cache["z"] <= 0 if variant == "zero included" else cache["z"] < 0
    if made("relu-mask-of-other-layer"):
        mask = scene.cache[scene.taken("relu-mask-of-other-layer", part.name)]["z"] > 0
    if made("relu-mask-missing"):
        return dy
    if made("relu-value-for-mask"):
        return dy * cache["y"]
    return dy * mask


def leaky_relu_backward(scene: Any, part: Part, dy: np.ndarray, made: Made) -> np.ndarray:
    """dx = dy where z > 0, else slope dy."""
    z, slope = scene.cache[part.name]["z"], dy.dtype.type(part.value)
    if made("leaky-derivative-missing"):
        return dy
    if made("leaky-slope-missing"):
        return np.where(z > 0, dy, 0)
    if made("leaky-inverted"):
        return np.where(z > 0, slope * dy, dy)
    return np.where(z > 0, dy, slope * dy)


def sigmoid_backward(scene: Any, part: Part, dy: np.ndarray, made: Made) -> np.ndarray:
    """dx = slope y (1 - y) dy."""
    z, y = scene.cache[part.name]["z"], scene.cache[part.name]["y"]
    slope = dy.dtype.type(part.value)
    if made("sigmoid-derivative-missing"):
        return dy
    if made("sigmoid-slope-missing"):
        return dy * y * (1 - y)
    if made("sigmoid-of-activation"):
        again = sigmoid(slope * y)
        return dy * slope * again * (1 - again)
    if variant := made("sigmoid-of-preactivation"):
        return dy * z * (1 - z) if variant == "without slope" else dy * slope * z * (1 - z)
    return dy * slope * y * (1 - y)


def tanh_backward(scene: Any, part: Part, dy: np.ndarray, made: Made) -> np.ndarray:
    """dx = (1 - y^2) dy."""
    z, y = scene.cache[part.name]["z"], scene.cache[part.name]["y"]
    if made("tanh-derivative-missing"):
        return dy
    if made("tanh-of-activation"):
        return dy * (1 - np.tanh(y) ** 2)
    if made("tanh-of-preactivation"):
        return dy * (1 - z**2)
    if made("tanh-square-missing"):
        return dy * (1 - y)
    return dy * (1 - y**2)


ACTIVATION_BACKWARD = {
    "relu": relu_backward,
    "leaky_relu": leaky_relu_backward,
    "sigmoid": sigmoid_backward,
    "tanh": tanh_backward,
}
