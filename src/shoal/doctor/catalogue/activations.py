"""The derivative of an activation, with what can be spoilt in it, and the words for each mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from shoal.doctor.layer_at_point import LayerAtPoint
from shoal.doctor.mistake import Mistake, Way, always, page


def _elsewhere(site: LayerAtPoint) -> list[Way]:
    """The other arrays of z's shape."""
    names = site.point.network.names
    return [
        Way({"source": j}, ("dx",), f"the input of {names[j]}" if j < len(names) else "the scores")
        for j, array in enumerate(site.point.inputs)
        if j not in (site.i, site.i + 1) and array.shape == site.x.shape
    ]


def _kinked(kind: str) -> Callable[[LayerAtPoint], Sequence[Way]]:
    values = (1.0, 0.5) if kind == "relu" else (1.0, 0.0)
    return always(*(Way({"at_zero": v}, ("dx",), f"{v:g} at zero") for v in values))


def entry(
    kind: str, name: str, title: str, sentence: str, mark: str, remedy: str, *ways: Way, rank: int = 0
) -> Mistake:
    """A mistake whose equation is the right one with a mark."""
    equation = f"{_RIGHT[kind]}   <- {mark}"
    return Mistake(
        name, kind, title, sentence, equation, remedy, page(_PAGE[kind], name), always(*ways), rank
    )


def shape(derivative: str, note: str = "") -> Way:
    """Another derivative in place of the right one."""
    return Way({"derivative": derivative}, ("dx",), note, rank=3 if note else 0)


_RIGHT = {
    "relu": "dz = dy where z > 0, else 0",
    "leaky_relu": "dz = dy where z > 0, else slope dy",
    "sigmoid": "dz = slope y (1 - y) dy",
    "tanh": "dz = (1 - y^2) dy",
    "gelu": "dz = ((1 + t)/2 + z/2 (1 - t^2) c (1 + 3 a z^2)) dy",
    "silu": "dz = s (1 + z (1 - s)) dy",
}
_PAGE = {
    "relu": "relu",
    "leaky_relu": "leaky-relu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "gelu": "gelu",
    "silu": "silu",
}


def other_layer(kind: str) -> Mistake:
    """The derivative at the values of another layer."""
    name = f"{_PAGE[kind]}-mask-of-other-layer" if kind == "relu" else f"{_PAGE[kind]}-of-other-layer"
    return Mistake(
        name,
        kind,
        "derivative at another layer's values",
        "the activation's derivative taken at another layer's values",
        f"{_RIGHT[kind]}   <- this layer's own z",
        "Check the index of the cached values in the backward loop.",
        page(_PAGE[kind], name),
        _elsewhere,
        rank=2,
    )


def at_zero(kind: str) -> Mistake:
    """Another choice where no derivative exists."""
    name = f"{_PAGE[kind]}-at-zero"
    return Mistake(
        name,
        kind,
        "another derivative at exactly zero",
        "another value of the derivative where z is exactly 0",
        f"{_RIGHT[kind]}   <- at z = 0 itself there is no derivative: any value between both slopes will do",
        "Nothing to mend: both are right. To compare with other code, use its choice.",
        page(_PAGE[kind], name),
        _kinked(kind),
        rank=1,
        harmless=True,
    )


def plant(
    site: LayerAtPoint,
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


def _relu(site: LayerAtPoint, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    above = (z > 0).astype(z.dtype)
    return {"right": above, "one": np.ones_like(z), "inverted": 1 - above, "value": y}[derivative]


def _leaky_relu(site: LayerAtPoint, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    slope = site.layer.slope  # type: ignore[attr-defined]
    above, below = {
        "right": (1, slope),
        "one": (1, 1),
        "inverted": (slope, 1),
        "no slope": (1, 0),
        "value": (y, y),
    }[derivative]
    return np.where(z > 0, above, below) * np.ones_like(z)


def _sigmoid(site: LayerAtPoint, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
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


def _tanh(site: LayerAtPoint, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    return {
        "right": lambda: 1 - y * y,
        "of y": lambda: 1 - np.tanh(y) ** 2,
        "of z": lambda: 1 - z * z,
        "no square": lambda: 1 - y,
        "one": lambda: np.ones_like(z),
    }[derivative]()


def _gelu(site: LayerAtPoint, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    from scipy.special import ndtr

    c, a = np.sqrt(2 / np.pi), 0.044715
    t = np.tanh(c * (z + a * z**3))
    s = 0.5 * (1 + np.tanh(0.851 * z))
    return {
        "right": lambda: 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * c * (1 + 3 * a * z * z),
        "exact form": lambda: ndtr(z) + z * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi),
        "sigmoid form": lambda: s + 1.702 * z * s * (1 - s),
        "first term": lambda: 0.5 * (1 + t),
        "no inner": lambda: 0.5 * (1 + t) + 0.5 * z * (1 - t * t),
        "one": lambda: np.ones_like(z),
    }[derivative]()


def _silu(site: LayerAtPoint, z: np.ndarray, y: np.ndarray, derivative: str) -> np.ndarray:
    s = 0.5 * (1 + np.tanh(0.5 * z))
    return {
        "right": lambda: s * (1 + z * (1 - s)),
        "no factor": lambda: 1 + z * (1 - s),
        "no second factor": lambda: s + z * (1 - s),
        "first term": lambda: s,
        "sigmoid": lambda: s * (1 - s),
        "one": lambda: np.ones_like(z),
    }[derivative]()


_DERIVATIVES: dict[str, Callable[[LayerAtPoint, np.ndarray, np.ndarray, str], np.ndarray]] = {
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "gelu": _gelu,
    "silu": _silu,
}
