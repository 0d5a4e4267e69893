"""Many comparisons at once: p-values that allow for how many were made."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import stdtr


def paired_p_values(differences: Any, axis: int = -1, resolution: float = 0.0) -> np.ndarray:
    """Two-sided p-value of mean difference = 0 along one axis, NaNs left out.

    t = mean / (s / sqrt(n)) with n - 1 degrees of freedom; NaN where n < 2. `resolution` (1/N for
    accuracies on N examples) bounds s**2 from below by 2 * resolution**2 / 12, the rounding of two
    values. With s = 0 and no resolution: 1 for a zero mean, 0 otherwise.
    Source: Student (1908), section IX (the paired test).
    """
    differences = np.asarray(differences, dtype=np.float64)
    present = ~np.isnan(differences)
    n = present.sum(axis=axis)
    mean = np.where(present, differences, 0.0).sum(axis=axis) / np.maximum(n, 1)
    deviations = np.where(present, differences - np.expand_dims(mean, axis), 0.0)
    variance = np.maximum((deviations**2).sum(axis=axis) / np.maximum(n - 1, 1), resolution**2 / 6)
    error = np.sqrt(variance / np.maximum(n, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(mean == 0, 0.0, np.abs(mean) / error)
    p = 2 * stdtr(np.maximum(n - 1, 1), -t)
    return np.where(n >= 2, p, np.nan)


def holm(p_values: Any) -> np.ndarray:
    """Holm's step-down adjustment of m p-values; below 0.05 means rejected at 5 % for the whole family.

    Sorted p_(1) <= ... <= p_(m): adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)).
    NaNs (comparisons that could not be made) stay NaN and do not count towards m.
    Source: Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p_values.shape, np.nan)
    made = np.flatnonzero(~np.isnan(p_values))
    order = made[np.argsort(p_values[made], kind="stable")]
    scaled = p_values[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted
