"""Variances of paired differences, steadied by what all cells together say of the noise.

Three seeds say little of a variance: with two degrees of freedom and fifty comparisons a t-test needs a
ratio above 40, and a cell that is clearly worse passes for tied. The cells know the noise together.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, polygamma

FEWEST_CELLS = 4  # with fewer there is nothing to learn from the others: the plain paired t-test remains


def difference_variances(
    values: np.ndarray, best: int, others: np.ndarray, resolution: float = 0.0
) -> tuple[np.ndarray, float]:
    """Variances of values[best] - values[others] over seeds, and their degrees of freedom.

    values (cells, seeds) without NaN, two seeds or more. With d = seeds - 1 and s_i^2 the variance of the
    differences, s~_i^2 = (d0 * 2 s0^2 + d s_i^2) / (d0 + d) with d0 + d degrees of freedom, where (d0, s0^2)
    is the prior that the variances of the cells follow (`variance_prior`) once each cell's mean and each
    seed's median deviation are taken off. Where cells differ much in their noise d0 is small, and this is
    near the plain paired variance.
    `resolution` (1/N for accuracies on N examples) bounds them from below by 2 * resolution**2 / 12, the
    rounding of two values.
    Source: Smyth (2004), Linear models and empirical Bayes methods, section 3 (the moderated t).
    """
    cells, seeds = values.shape
    d = seeds - 1
    floor = resolution**2 / 12
    own = np.maximum((values[best] - values[others]).var(axis=1, ddof=1), 2 * floor)
    if cells < FEWEST_CELLS:
        return own, float(d)
    rest = values - values.mean(axis=1, keepdims=True)
    rest = rest - np.median(rest, axis=0)  # a median, lest one wild cell lend its noise to all
    by_cell = np.maximum((rest**2).sum(axis=1) / d * cells / (cells - 1), floor)
    d0, s0 = variance_prior(by_cell, d)
    most = float((cells - 1) * d)
    if np.isinf(d0):
        return np.full_like(own, 2 * s0), most
    return (d0 * 2 * s0 + d * own) / (d0 + d), min(d0 + d, most)


def variance_prior(variances: np.ndarray, d: int) -> tuple[float, float]:
    """(d0, s0^2) of the scaled inverse chi-square that sample variances with d degrees of freedom follow.

    With e = log s^2 - digamma(d/2) + log(d/2): trigamma(d0/2) = var(e) - trigamma(d/2), and
    log s0^2 = mean(e) + digamma(d0/2) - log(d0/2). d0 is infinite where the variances differ no more than
    chance makes them. (0, 0) if all variances are zero. Source: Smyth (2004), section 6.2.
    """
    middle = float(np.median(variances[variances > 0])) if (variances > 0).any() else 0.0
    if middle == 0.0:
        return 0.0, 0.0
    e = np.log(np.maximum(variances, 1e-5 * middle)) - digamma(d / 2) + np.log(d / 2)
    excess = float(e.var(ddof=1) - polygamma(1, d / 2))
    if excess <= 0:
        return np.inf, float(np.exp(e.mean()))
    d0 = 2 * inverse_trigamma(excess)
    return d0, float(np.exp(e.mean() + digamma(d0 / 2) - np.log(d0 / 2)))


def inverse_trigamma(x: float) -> float:
    """y with trigamma(y) = x > 0, by Newton's method on 1 / trigamma. Source: Smyth (2004), appendix."""
    y = 0.5 + 1 / x
    for _ in range(50):
        value = float(polygamma(1, y))
        change = value * (1 - value / x) / float(polygamma(2, y))
        y += change
        if -change / y < 1e-9:
            break
    return y
