"""Whether a sentence about results holds: each test stated, its outcome one of three words.

Many comparisons at once get p-values that allow for their number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.statistics.intervals import CONFIDENCE, Interval, mean_interval


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


HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"
DRAWS = 2000  # bootstrap samples


def above(interval: Interval, bound: float = 0.0) -> str:
    """Whether a quantity is above a bound: its whole interval must be, or must be below."""
    if not interval.known:
        return UNDECIDED
    return HOLDS if interval.low > bound else FAILS if interval.high <= bound else UNDECIDED


def below(interval: Interval, bound: float = 0.0) -> str:
    """Whether a quantity is below a bound."""
    return above(-interval, -bound)


def within(interval: Interval, margin: float) -> str:
    """Whether a difference is no larger than a margin either way: its whole interval lies inside, or outside.

    Two one-sided tests in one; with a 95 % interval each at 2.5 %.
    Source: Schuirmann (1987), A comparison of the two one-sided tests procedure.
    """
    if not interval.known:
        return UNDECIDED
    if -margin <= interval.low and interval.high <= margin:
        return HOLDS
    return FAILS if interval.low > margin or interval.high < -margin else UNDECIDED


def every(words: Iterable[str]) -> str:
    """Of several conditions that must all hold: one that fails is enough to fail."""
    words = list(words)
    if FAILS in words:
        return FAILS
    return HOLDS if words and all(word == HOLDS for word in words) else UNDECIDED


def some(words: Iterable[str]) -> str:
    """Of several conditions of which one is enough."""
    words = list(words)
    if HOLDS in words:
        return HOLDS
    return FAILS if words and all(word == FAILS for word in words) else UNDECIDED


def slopes(x: Any, values: Any) -> Interval:
    """Mean least-squares slope of values (levels, seeds) over x (levels,), with its t interval over seeds."""
    x, values = np.asarray(x, dtype=np.float64), np.asarray(values, dtype=np.float64)
    centred = x - x.mean()
    return mean_interval(centred @ (values - values.mean(axis=0)) / (centred @ centred))


@dataclass(frozen=True)
class BestLevel:
    """Which of several levels has the highest mean: the one seen, and what the seeds leave open.

    `shares` (levels,): how often each is the best when the seeds are drawn again with replacement.
    `contenders`: the fewest levels that are the best in 95 of 100 such draws, the likeliest first.
    `ranks` (levels, 2): the 2.5 and 97.5 % points of each level's rank, 1 the best.
    """

    best: int
    shares: np.ndarray
    contenders: tuple[int, ...]
    ranks: np.ndarray


def best_level(values: Any, confidence: float = CONFIDENCE, draws: int = DRAWS) -> BestLevel:
    """The rank of each of several levels, (levels, seeds), by the bootstrap over seeds.

    Seeds are drawn as wholes, so what a seed does to all levels stays together. The same draws every time.
    With few seeds the bootstrap is too sure of itself: it knows only the seeds that it has.
    Source: Efron & Tibshirani (1993), An introduction to the bootstrap, chapter 6.
    """
    values = np.asarray(values, dtype=np.float64)
    levels, seeds = values.shape
    chosen = np.random.default_rng(0).integers(0, seeds, (draws, seeds))
    means = values[:, chosen].mean(axis=-1)  # (levels, draws)
    order = np.argsort(-means, axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(levels)[:, None] * np.ones(draws, int), axis=0)
    shares = np.bincount(order[0], minlength=levels) / draws
    likely = np.argsort(-shares, kind="stable")
    count = int(np.searchsorted(np.cumsum(shares[likely]), confidence - 1e-12) + 1)
    ends = np.quantile(rank + 1, [(1 - confidence) / 2, (1 + confidence) / 2], axis=1, method="nearest")
    best = int(np.argmax(values.mean(axis=1)))
    return BestLevel(best, shares, tuple(int(i) for i in likely[:count]), ends.T)
