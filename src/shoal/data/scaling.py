"""Scaling inputs by what the training examples show: x_scaled = (x - offset) * scale."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shoal.errors import DataError

_BLOCK = 2048  # examples looked at together: bounds the memory of their float64 copy
_RESOLUTION = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, eq=False)
class Scaling:
    """Offset and scale for each feature, float32 of the shape of one example.

    x_scaled = (x - offset) * scale, elementwise. `notes` name what could not be scaled.
    """

    offset: np.ndarray
    scale: np.ndarray
    kind: str
    notes: tuple[str, ...] = ()

    def apply(self, inputs: np.ndarray) -> np.ndarray:
        """Scaled inputs (N, *shape), float32."""
        return (inputs.astype(np.float32) - self.offset) * self.scale


def fit_scaling(kind: str, train_inputs: np.ndarray) -> Scaling:
    """Learn a scaling from training inputs (N, *shape).

    feature:    each feature to mean 0 and standard deviation 1 (the biased one, divisor N)
    channel:    the same, over all pixels of a channel; inputs (N, I, J, C)
    mean_image: the mean of each feature subtracted, nothing divided
    range:      the smallest value of all to 0, the largest to 1
    none:       as they are

    A constant feature (or channel), which nothing can scale, becomes 0 everywhere, with a note. Sums
    are taken in float64. Raises `DataError` for an unknown kind and for inputs that are empty or not finite.
    """
    if kind not in _KINDS:
        near = difflib.get_close_matches(str(kind), _KINDS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(f"unknown standardization {kind!r}", f"{hint}known: {', '.join(_KINDS)}")
    if len(train_inputs) == 0:
        raise DataError("there are no training examples to learn a scaling from", "give one or more")
    shape = train_inputs.shape[1:]
    offset, scale, notes = _KINDS[kind](train_inputs)
    return Scaling(_full(offset, shape), _full(scale, shape), kind, notes)


_Fit = tuple[np.ndarray, np.ndarray, tuple[str, ...]]


def _feature(x: np.ndarray) -> _Fit:
    mean = _mean(x)
    return _standard(mean, _mean(x, about=mean), "feature")


def _channel(x: np.ndarray) -> _Fit:
    if x.ndim != 4:
        raise DataError(
            f"inputs have shape {x.shape[1:]}, 'channel' needs images (I, J, C)", "use 'feature' instead"
        )
    mean = _mean(x).mean(axis=(0, 1))
    # Every pixel position counts equally, so the mean over positions of the mean over examples is the mean.
    return _standard(mean, _mean(x, about=mean).mean(axis=(0, 1)), "channel")


def _mean_image(x: np.ndarray) -> _Fit:
    return _mean(x), np.array(1.0), ()


def _range(x: np.ndarray) -> _Fit:
    low, high = float(x.min()), float(x.max())
    _require_finite(np.array([low, high]))
    if low == high:
        return np.array(low), np.array(0.0), (f"every input is {low:g}; all are scaled to 0",)
    return np.array(low), np.array(1 / (high - low)), ()


def _none(_x: np.ndarray) -> _Fit:
    return np.array(0.0), np.array(1.0), ()


_KINDS: dict[str, Callable[[np.ndarray], _Fit]] = {
    "feature": _feature,
    "channel": _channel,
    "mean_image": _mean_image,
    "range": _range,
    "none": _none,
}


def _standard(mean: np.ndarray, variance: np.ndarray, what: str) -> _Fit:
    deviation = np.sqrt(variance)
    # Below float32's resolution of the mean, a deviation is rounding, not information.
    constant = deviation <= _RESOLUTION * np.abs(mean)
    scale = np.where(constant, 0.0, 1 / np.where(constant, 1.0, deviation))
    count = int(constant.sum())
    if count == 0:
        return mean, scale, ()
    note = f"{count} of {constant.size} {what}s constant over the training examples; scaled to 0"
    return mean, scale, (note,)


def _mean(x: np.ndarray, about: np.ndarray | None = None) -> np.ndarray:
    """Mean over examples of x, or of (x - about)^2, in float64, block by block."""
    total = np.zeros(x.shape[1:], np.float64)
    for start in range(0, len(x), _BLOCK):
        block = x[start : start + _BLOCK].astype(np.float64)
        if about is not None:
            block -= about
            block *= block
        total += block.sum(axis=0)
    _require_finite(total)
    return total / len(x)


def _require_finite(values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise DataError(
            "the training inputs hold NaN or infinity", "remove or fill in such values before training"
        )


def _full(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(values, shape), dtype=np.float32)
