"""Intervals: how far a mean over seeds, or a fraction of networks, can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its interval. With one value the mean is known and `low`, `high` are NaN."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def known(self) -> bool:
        """Whether there is an interval at all: it takes two seeds to see a spread."""
        return self.n >= 2

    @property
    def half(self) -> float:
        """Half the width: the number behind the +-."""
        return (self.high - self.low) / 2

    def __neg__(self) -> Interval:
        return Interval(-self.mean, -self.high, -self.low, self.n)


def t_intervals(
    values: Any, axis: int = -1, confidence: float = CONFIDENCE, resolution: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, low, high and n along one axis, NaNs left out.

    mean +- t(n-1, (1+confidence)/2) * s / sqrt(n), with s**2 the unbiased variance.
    n = 1 gives NaN for low and high; n = 0 gives NaN for all three.
    `resolution` is the step between possible values (1/N for an accuracy on N examples): rounding alone
    gives a variance of resolution**2 / 12, and s**2 is never taken to be less. Without it, two seeds that
    happen to agree to the last example would look like certainty.
    Source: Student (1908), The probable error of a mean; Sheppard (1898) for the rounding.
    """
    values = np.asarray(values, dtype=np.float64)
    present = ~np.isnan(values)
    n = present.sum(axis=axis)
    mean = np.where(present, values, 0.0).sum(axis=axis) / np.where(n > 0, n, 1)
    deviations = np.where(present, values - np.expand_dims(mean, axis), 0.0)
    freedom = np.maximum(n - 1, 1)
    variance = np.maximum((deviations**2).sum(axis=axis) / freedom, resolution**2 / 12)
    half = stdtrit(freedom, (1 + confidence) / 2) * np.sqrt(variance / np.maximum(n, 1))
    half = np.where(n >= 2, half, np.nan)
    mean = np.where(n > 0, mean, np.nan)
    return mean, mean - half, mean + half, n


def mean_interval(values: Any, confidence: float = CONFIDENCE, resolution: float = 0.0) -> Interval:
    """The mean of a 1-D sequence with its t interval (`t_intervals`); NaNs are left out."""
    mean, low, high, n = t_intervals(np.ravel(np.asarray(values)), 0, confidence, resolution)
    return Interval(float(mean), float(low), float(high), int(n))


def wilson(successes: float, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of a fraction p = successes / trials.

    (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n); it stays inside [0, 1] and has a width
    even at p = 0 and p = 1. Raises ValueError unless 0 <= successes <= trials and trials >= 1.
    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, eq. 1.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(
            f"a fraction needs 0 <= successes <= trials and trials >= 1; got {successes}/{trials}"
        )
    z = float(ndtri((1 + confidence) / 2))
    p = successes / trials
    centre = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return Interval(
        p, min(p, max(0.0, float(centre - half))), max(p, min(1.0, float(centre + half))), int(trials)
    )
