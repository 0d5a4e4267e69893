"""Levels compared with one of them, paired by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from shoal.statistics.intervals import CONFIDENCE, Interval
from shoal.statistics.moderated import difference_variances


@dataclass(frozen=True)
class Differences:
    """values[base] - values[others]: means and their standard errors, (others,), degrees of freedom, seeds.

    With one seed nothing is known of the noise: errors, p-values and intervals are NaN.
    """

    means: np.ndarray
    errors: np.ndarray
    freedom: float
    seeds: int

    @property
    def p_values(self) -> np.ndarray:
        """Two-sided p-values of the moderated t = mean / error, (others,); 1 where a mean is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where((self.means == 0) & (self.errors == 0), 0.0, self.means / self.errors)
        return 2 * stdtr(self.freedom, -np.abs(t))

    def half_widths(self, comparisons: int = 1) -> np.ndarray:
        """Half the widths of 95 % t intervals, simultaneous for so many comparisons (Bonferroni)."""
        return stdtrit(self.freedom, 1 - (1 - CONFIDENCE) / 2 / comparisons) * self.errors

    def intervals(self, comparisons: int = 1) -> tuple[Interval, ...]:
        """Each mean with its interval (`half_widths`)."""
        return tuple(
            Interval(float(mean), float(mean - half), float(mean + half), self.seeds)
            for mean, half in zip(self.means, self.half_widths(comparisons), strict=True)
        )


def differences_from(
    values: np.ndarray, base: int, others: np.ndarray, resolution: float = 0.0
) -> Differences:
    """values[base] - values[others] over seeds, from values (levels, seeds) without NaN.

    Members of a seed saw the same batches, so what the seed does to both cancels; the variances are steadied
    by what all levels together say of the noise (`difference_variances`, which says what `resolution` is).
    """
    means, seeds = (values[base] - values[others]).mean(axis=1), values.shape[1]
    if seeds < 2:
        return Differences(means, np.full(len(means), np.nan), np.nan, seeds)
    variances, freedom = difference_variances(values, base, others, resolution)
    return Differences(means, np.sqrt(variances / seeds), freedom, seeds)
