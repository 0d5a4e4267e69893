"""Averages over other factors that compare like with like, also where a run was interrupted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from shoal.analysis.factors import Factor, factors
from shoal.analysis.final import final_values, ranking_metric, resolution
from shoal.statistics.intervals import Interval, t_intervals


@dataclass(frozen=True)
class Block:
    """values (levels kept, settings kept, seeds kept) without a NaN; `levels` are the indices kept."""

    values: np.ndarray
    levels: np.ndarray
    settings_left_out: int


def complete_block(values: np.ndarray, least_levels: int = 1) -> Block:
    """Cut (levels, settings, seeds) down to a block without a NaN, so that averages are over the same.

    Drops the levels, the settings or the seeds that have gaps, whichever keeps most values among those
    that keep `least_levels` levels. Empty if none does.
    """
    present = ~np.isnan(values)
    cuts = []
    for axis in range(3):
        keep = present.all(axis=tuple(other for other in range(3) if other != axis))
        levels = np.flatnonzero(keep) if axis == 0 else np.arange(len(values))
        block = np.compress(keep, values, axis=axis)
        left_out = values.shape[1] - block.shape[1]
        cuts.append(Block(block if len(levels) >= least_levels else block[:0], levels, left_out))
    return max(cuts, key=lambda cut: cut.values.size)


@dataclass(frozen=True)
class PairMeans:
    """Means of the ranking metric for each pair of levels, averaged over the other factors.

    mean, low, high, n: (levels of first, levels of second); NaN where nothing is finished.
    """

    first: Factor
    second: Factor
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray
    averaged_over: tuple[Factor, ...]
    settings_left_out: int


def pair_means(dataset: xr.Dataset, first: Factor, second: Factor) -> PairMeans:
    """Mean and 95 % t interval over seeds of final accuracy, for each pair of levels of two factors."""
    metric = ranking_metric(dataset)
    others = tuple(f for f in factors(dataset) if f.name not in (first.name, second.name))
    ordered = final_values(dataset, metric).transpose(
        first.name, second.name, *(other.name for other in others), "seed"
    )
    shape = (len(first.levels), len(second.levels))
    values = ordered.values.reshape(shape[0] * shape[1], -1, ordered.sizes["seed"])
    by_seed, settings = _over_settings(values)
    left_out = values.shape[1] - settings
    step = resolution(dataset, metric) / np.sqrt(max(settings, 1))
    mean, low, high, n = (part.reshape(shape) for part in t_intervals(by_seed, resolution=step))
    return PairMeans(first, second, mean, low, high, n, others, left_out)


def level_means(dataset: xr.Dataset, factor: Factor, name: str) -> tuple[Interval, ...]:
    """Mean and 95 % t interval over seeds of the final value of a variable, at each level of a factor.

    Averaged over the other factors. Diverged members have no final loss and do not count.
    """
    others = (other.name for other in factors(dataset) if other.name != factor.name)
    ordered = final_values(dataset, name).transpose(factor.name, *others, "seed")
    by_seed, _ = _over_settings(ordered.values.reshape(len(factor.levels), -1, ordered.sizes["seed"]))
    return tuple(
        Interval(float(mean), float(low), float(high), int(n))
        for mean, low, high, n in zip(*t_intervals(by_seed), strict=True)
    )


def _over_settings(values: np.ndarray) -> tuple[np.ndarray, int]:
    """(levels, seeds) of (levels, settings, seeds), and how many settings are averaged at every level."""
    if values.shape[1] == 1:  # nothing to average: every member that is finished counts
        return values[:, 0], 1
    block = complete_block(values)
    by_seed = np.full((len(values), block.values.shape[2]), np.nan)
    if block.values.size:
        by_seed[block.levels] = block.values.mean(axis=1)
    return by_seed, values.shape[1] - block.settings_left_out
