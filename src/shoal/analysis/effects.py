"""What a factor does: differences between its levels, paired by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from shoal.analysis.best import SIGNIFICANCE
from shoal.analysis.factors import Factor, factors
from shoal.analysis.final import final_values, ranking_metric, resolution
from shoal.analysis.intervals import CONFIDENCE, Interval, mean_interval, t_intervals
from shoal.analysis.multiple import holm, paired_p_values


@dataclass(frozen=True)
class Difference:
    """The best level of a factor minus another, paired by seed and averaged over the other factors.

    interval: the mean difference; with several other levels the interval is simultaneous (Bonferroni), so
    that picking the largest is allowed. p_adjusted: Holm over the other levels. smallest, largest: the
    difference of means at the settings of the other factors where it is least and most.
    """

    level: int
    interval: Interval
    p_adjusted: float
    smallest: float
    largest: float

    @property
    def more_than_noise(self) -> bool:
        return self.p_adjusted < SIGNIFICANCE


@dataclass(frozen=True)
class FactorEffect:
    """Means per level (in level order), averaged over the other factors, and differences from the best.

    values (levels, seeds): what the means are of. `settings` counts the combinations of other factors that
    are averaged over, of which `left_out` were not finished at every level and seed in use.
    """

    factor: Factor
    values: np.ndarray
    means: tuple[Interval, ...]
    best: int
    differences: tuple[Difference, ...]
    averaged_over: tuple[Factor, ...]
    settings: int
    left_out: int

    def against(self, level: int) -> Difference:
        """The difference of the best level from this one. Raises KeyError for the best itself."""
        for difference in self.differences:
            if difference.level == level:
                return difference
        raise KeyError(level)

    @property
    def tied(self) -> tuple[int, ...]:
        """Levels that cannot be told from the best; empty with fewer than two seeds."""
        return tuple(d.level for d in self.differences if d.p_adjusted >= SIGNIFICANCE)


def paired_difference(
    first: Any, second: Any, confidence: float = CONFIDENCE, resolution: float = 0.0
) -> Interval:
    """mean of (first_s - second_s) over seeds s, with its t interval; pairs with a NaN are left out.

    Common random numbers: both members of a pair saw the same batches in the same order, so the interval
    is of the difference itself and narrower than the two means suggest.
    Source: Student (1908), section IX; Law, Simulation Modeling and Analysis, section 11.2.
    """
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    return mean_interval(differences, confidence, resolution * np.sqrt(2))


def factor_effects(dataset: xr.Dataset) -> tuple[FactorEffect, ...]:
    """The effect of each factor on final accuracy (the ranking metric); none where nothing is finished."""
    metric = ranking_metric(dataset)
    finals = final_values(dataset, metric)
    step = resolution(dataset, metric)
    every = factors(dataset)
    effects = (_effect(finals, factor, every, step) for factor in every if len(factor.levels) > 1)
    return tuple(effect for effect in effects if effect is not None)


def _effect(
    finals: xr.DataArray, factor: Factor, every: tuple[Factor, ...], step: float
) -> FactorEffect | None:
    others = tuple(other for other in every if other.name != factor.name)
    ordered = finals.transpose(factor.name, *(other.name for other in others), "seed")
    values = ordered.values.reshape(len(factor.levels), -1, ordered.sizes["seed"])
    block = complete_block(values)
    if block.size == 0:
        return None
    step = step / np.sqrt(block.shape[1])  # a mean over k settings is rounded less
    by_seed = block.mean(axis=1)
    means = tuple(
        Interval(float(mean), float(low), float(high), int(n))
        for mean, low, high, n in zip(*t_intervals(by_seed, resolution=step), strict=True)
    )
    best = int(np.argmax([mean.mean for mean in means]))
    return FactorEffect(
        factor,
        by_seed,
        means,
        best,
        _differences(block, best, step),
        others,
        values.shape[1],
        values.shape[1] - block.shape[1],
    )


def _differences(block: np.ndarray, best: int, step: float) -> tuple[Difference, ...]:
    by_seed = block.mean(axis=1)
    levels = [level for level in range(len(block)) if level != best]
    p_adjusted = holm(paired_p_values(by_seed[best] - by_seed[levels], resolution=step))
    confidence = 1 - (1 - CONFIDENCE) / len(levels)
    found = []
    for level, p in zip(levels, p_adjusted, strict=True):
        by_setting = (block[best] - block[level]).mean(axis=-1)
        interval = paired_difference(by_seed[best], by_seed[level], confidence, step)
        found.append(Difference(level, interval, float(p), float(by_setting.min()), float(by_setting.max())))
    return tuple(found)


def complete_block(values: np.ndarray) -> np.ndarray:
    """(levels, settings, seeds) cut down to settings and seeds without a NaN, so that averages compare like.

    Drops either the settings or the seeds that have gaps, whichever keeps more.
    """
    present = ~np.isnan(values)
    by_setting = values[:, present.all(axis=(0, 2)), :]
    by_seed = values[:, :, present.all(axis=(0, 1))]
    return by_setting if by_setting.size >= by_seed.size else by_seed
