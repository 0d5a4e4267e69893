"""The derivative of an activation, with what can be spoilt in it: relu, leaky relu, sigmoid, tanh."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shoal.gradients.doctor.site import Site


def plant(
    site: Site,
    dy: np.ndarray,
    *,
    derivative: str = "right",
    source: int | None = None,
    at_zero: float | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """dx = dy times a `derivative`, taken at the input of layer number `source` in place of the own one.

    `at_zero` is the derivative that a piecewise linear layer takes at 0.
    """
    z = site.x if source is None else site.point.inputs[source].reshape(site.x.shape)
    y = site.y if source is None else site.point.run(site.i, {}, z)[0]
    factor = _DERIVATIVES[site.kind](site, z, y, derivative)
    if at_zero is not None:
        factor = np.where(z == 0, at_zero, factor)
    return factor * dy, {}


def _relu(site: Site, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    above = (z > 0).astype(z.dtype)
    return {"right": above, "one": np.ones_like(z), "inverted": 1 - above, "value": y}[derivative]


def _leaky_relu(site: Site, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    slope = site.layer.slope  # type: ignore[attr-defined]
    above, below = {
        "right": (1, slope),
        "one": (1, 1),
        "inverted": (slope, 1),
        "no slope": (1, 0),
        "value": (y, y),
    }[derivative]
    return np.where(z > 0, above, below) * np.ones_like(z)


def _sigmoid(site: Site, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    slope = site.layer.slope  # type: ignore[attr-defined]
    again = 0.5 * (1 + np.tanh(0.5 * slope * y))
    plain = 0.5 * (1 + np.tanh(0.5 * y))
    return {
        "right": lambda: slope * y * (1 - y),
        "no slope": lambda: y * (1 - y),
        "slope squared": lambda: slope**2 * y * (1 - y),
        "of y": lambda: slope * again * (1 - again),
        "of y, no slope": lambda: plain * (1 - plain),
        "of z": lambda: slope * z * (1 - z),
        "of z, no slope": lambda: z * (1 - z),
        "one": lambda: np.ones_like(z),
        "half": lambda: slope * y,
    }[derivative]()


def _tanh(site: Site, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    return {
        "right": lambda: 1 - y * y,
        "of y": lambda: 1 - np.tanh(y) ** 2,
        "of z": lambda: 1 - z * z,
        "no square": lambda: 1 - y,
        "one": lambda: np.ones_like(z),
    }[derivative]()


_DERIVATIVES: dict[str, Callable[[Site, np.ndarray, np.ndarray, str], np.ndarray]] = {
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
}
