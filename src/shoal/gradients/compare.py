"""Two gradients side by side: the relative error where it means something, and a floor where it does not.

    relative error of an entry = |a - b| / (|a| + |b|)        (0 where both are 0)

An entry is *resolved* where the estimated error of the reference b is a small share of |a| + |b|: there the
relative error is a property of a, and it is what gets reported. Elsewhere (a gradient of 1e-20 beside a cost
of 2.3) the relative error would only say how the reference rounds, so the entry is held against the
reference's own error instead, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SLACK = 10.0  # an unresolved entry may be off by this many estimated errors


@dataclass(frozen=True)
class Comparison:
    """Entry by entry: the relative `errors`, which are `resolved`, and which are `wrong`."""

    errors: np.ndarray
    resolved: np.ndarray
    wrong: np.ndarray

    @property
    def worst(self) -> float | None:
        """The largest relative error among entries that are resolved or wrong; None if there are none."""
        counted = self.errors[self.resolved | self.wrong]
        return float(counted.max()) if counted.size else None

    @property
    def worst_at(self) -> int | None:
        """Where: the position in the flattened arrays, wrong entries before right ones."""
        counted = self.wrong if self.wrong.any() else self.resolved
        if not counted.any():
            return None
        return int(np.argmax(np.where(counted.ravel(), self.errors.ravel(), -1.0)))

    @property
    def unresolved(self) -> int:
        return int(np.sum(~(self.resolved | self.wrong)))


def compare(a: np.ndarray, b: np.ndarray, error: np.ndarray | float, tolerance: float) -> Comparison:
    """`a` against a reference `b` that is known to within `error`.

    Resolved: error <= tolerance / 10 of |a| + |b|, or both are exactly 0. Wrong: a resolved entry with a
    relative error above `tolerance`, an unresolved one that is off by more than `SLACK` errors, and any that
    is not finite.
    An infinite `error` says that the reference knows nothing.
    """
    error = np.broadcast_to(error, np.shape(a))
    distance, size = np.abs(a - b), np.abs(a) + np.abs(b)
    with np.errstate(invalid="ignore"):
        errors = np.nan_to_num(
            np.where(size == 0, 0.0, distance / np.where(size == 0, 1.0, size)), nan=np.inf
        )
    resolved = (error <= 0.1 * tolerance * size) | ((size == 0) & np.isfinite(error))
    with np.errstate(invalid="ignore"):
        near = (distance <= SLACK * error) | np.isinf(error)
        right = np.where(resolved, errors <= tolerance, near) & np.isfinite(a)
    return Comparison(errors, resolved, ~right)
