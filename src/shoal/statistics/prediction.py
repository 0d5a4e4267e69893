"""What one more run would give: the interval to hold somebody else's single figure against."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from shoal.statistics.intervals import CONFIDENCE, Interval

AGREES, HIGHER, LOWER, UNKNOWN = "agrees", "higher", "lower", "unknown"


def single_run(
    values: Any, *, images: int = 0, resolution: float = 0.0, confidence: float = CONFIDENCE
) -> Interval:
    """The interval in which one more run lies in 95 of 100 cases, from the runs of several seeds (n,).

    mean +- hypot(t(n-1) s sqrt(1 + 1/n), z sqrt(2 m (1 - m) / images)), with s**2 the unbiased variance over
    seeds, never below resolution**2 / 12 (see `t_intervals`). The second part is there where the values are
    accuracies m on `images` examples and the other run was measured on another draw of as many: both draws
    are off by m (1 - m) / images. Leave it at 0 where both were measured on the very same examples.
    NaNs are left out; low and high are NaN with fewer than two values.
    Source: Hahn & Meeker (1991), Statistical intervals, section 4.7 (the next observation of a normal).
    """
    values = np.asarray(values, dtype=np.float64).ravel()
    values = values[~np.isnan(values)]
    n = len(values)
    if n < 2:
        return Interval(float(values.mean()) if n else float("nan"), float("nan"), float("nan"), n)
    mean = float(values.mean())
    deviation = np.sqrt(max(values.var(ddof=1), resolution**2 / 12))
    half = stdtrit(n - 1, (1 + confidence) / 2) * deviation * np.sqrt(1 + 1 / n)
    if images:
        share = min(max(mean, 0.0), 1.0)
        half = np.hypot(half, ndtri((1 + confidence) / 2) * np.sqrt(2 * share * (1 - share) / images))
    return Interval(mean, mean - float(half), mean + float(half), n)


def standing(interval: Interval, reported: float) -> str:
    """ "agrees" where the reported figure lies in the interval, else how ours is: "higher" or "lower"."""
    if not interval.known:
        return UNKNOWN
    if interval.low <= reported <= interval.high:
        return AGREES
    return HIGHER if interval.mean > reported else LOWER
