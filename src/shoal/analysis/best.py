"""Which cell did best, and whether that is more than noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import fdtrc

from shoal.analysis.factors import by_cell, find_cell, json_attribute
from shoal.analysis.final import final_values, ranking_metric, resolution
from shoal.statistics.decisions import holm
from shoal.statistics.differences import differences_from
from shoal.statistics.intervals import Interval, t_intervals

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Ranking:
    """Cells by mean final accuracy over seeds.

    order: complete cells, the best first. lead: best minus next, paired by seed (None for one cell).
    p_adjusted (cells,): Holm-adjusted p-value of each cell against the best, NaN where not compared.
    tied: cells that cannot be told from the best. erratic: cells below every seed of the best that cannot
    be told from it only because they fail on some seeds (`erratic_cells`). Empty with fewer than two seeds.
    """

    metric: str
    order: tuple[int, ...]
    lead: Interval | None
    p_adjusted: np.ndarray
    tied: frozenset[int]
    erratic: frozenset[int]

    @property
    def best(self) -> int | None:
        return self.order[0] if self.order else None

    @property
    def next(self) -> int | None:
        return self.order[1] if len(self.order) > 1 else None

    @property
    def seen_noise(self) -> bool:
        """Whether there were seeds enough (two) to see noise at all."""
        return self.lead is not None and self.lead.known

    @property
    def more_than_noise(self) -> bool:
        """Whether the best cell's lead over the next is more than noise, all comparisons allowed for."""
        return self.seen_noise and bool(self.p_adjusted[self.order[1]] < SIGNIFICANCE)


def rank_cells(dataset: xr.Dataset) -> Ranking:
    """Rank the complete cells and compare each with the best, paired by seed.

    d_s = accuracy of best - accuracy of cell, for each seed s (members that share a seed saw the same
    batches, so what the seed does to both cancels); a t-test on d, its variance moderated by that of all
    cells (`differences_from`); Holm's adjustment over all cells but the best. A cell is tied when its
    adjusted p is not below 0.05. Although the reference is itself chosen from the data, best and ties
    together hold any truly best cell with about 95 % probability or more: it is left out only if its test
    against the chosen one of the k - 1 others fails by that one's share of 5 %.
    Cells with unfinished members are left out; diverged members count (see `final_values`).
    Source: Holm (1979); Gupta (1965), On some multiple decision (selection and ranking) rules.
    """
    metric = ranking_metric(dataset)
    finals = by_cell(dataset, final_values(dataset, metric))
    means = t_intervals(finals)[0]
    complete = np.flatnonzero(~np.isnan(finals).any(axis=1))
    order = _order(complete, means, named_best(dataset))
    p_adjusted = np.full(len(finals), np.nan)
    if len(order) < 2:
        return Ranking(metric, tuple(map(int, order)), None, p_adjusted, frozenset(), frozenset())
    step = resolution(dataset, metric)
    others = order[1:]
    found = differences_from(finals[order], 0, np.arange(1, len(order)), step)
    p_adjusted[others] = holm(found.p_values)
    close = frozenset(int(cell) for cell in others if p_adjusted[cell] >= SIGNIFICANCE)
    diverged = by_cell(dataset, dataset["diverged"].astype(bool)).sum(axis=1)
    erratic = erratic_cells(finals, int(order[0]), close, diverged, step)
    lead = found.intervals()[0]
    return Ranking(metric, tuple(map(int, order)), lead, p_adjusted, close - erratic, erratic)


def erratic_cells(
    finals: np.ndarray, best: int, close: frozenset[int], diverged: np.ndarray, step: float
) -> frozenset[int]:
    """Of the cells close to the best, those that are so only because they scatter.

    Such a cell's mean lies below every seed of the best, and either more of its members diverged, or its
    variance over seeds is the larger by a one-sided F-test at 5 % over all close cells (Bonferroni).
    A network that learns on one seed of three is no rival, though a t-test on three seeds cannot say so.
    """
    freedom = finals.shape[1] - 1
    if freedom < 1:
        return frozenset()
    variance = np.maximum(finals.var(axis=1, ddof=1), max(step**2 / 12, 1e-12))
    ratio = variance / variance[best]
    scatters = fdtrc(freedom, freedom, ratio) < SIGNIFICANCE / max(len(close), 1)
    below = finals.mean(axis=1) < finals[best].min()
    failing = below & (scatters | (diverged > diverged[best]))
    return frozenset(cell for cell in close if failing[cell])


def named_best(dataset: xr.Dataset) -> int | None:
    """The cell that the result itself names as best (its confusion matrix is of that one), if it does."""
    levels = json_attribute(dataset, "best_cell")
    return find_cell(dataset, levels) if isinstance(levels, dict) else None


def _order(cells: np.ndarray, means: np.ndarray, named: int | None) -> np.ndarray:
    """Best mean first; of means equal but for rounding, the cell that the result names, then study order."""
    keys = {int(cell): (-round(float(means[cell]), 6), cell != named) for cell in cells}
    return np.array(sorted(keys, key=lambda cell: keys[cell]), dtype=int)
