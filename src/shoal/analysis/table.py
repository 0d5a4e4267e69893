"""The table of cells: one row each, the best first, what could not be ranked last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from shoal.analysis.best import Ranking, rank_cells
from shoal.analysis.factors import by_cell, cell_levels
from shoal.analysis.final import final_values, resolution
from shoal.statistics.intervals import Interval, t_intervals

MEASURES = ("validation_accuracy", "test_accuracy", "train_accuracy")


@dataclass(frozen=True)
class Row:
    """One cell. `measures` holds a mean with interval for each accuracy that the result has.

    values (seeds,): the ranking metric of each seed. rank counts from 1; None where members are unfinished.
    """

    cell: int
    levels: dict[str, Any]
    measures: dict[str, Interval]
    values: np.ndarray
    rank: int | None
    tied: bool
    erratic: bool
    diverged: int
    finished: int
    seeds: int

    @property
    def best(self) -> bool:
        return self.rank == 1


def rows(dataset: xr.Dataset, ranking: Ranking | None = None) -> list[Row]:
    """All cells as rows, sorted by the ranking metric; cells with unfinished members come last."""
    ranking = rank_cells(dataset) if ranking is None else ranking
    finals = {name: by_cell(dataset, final_values(dataset, name)) for name in MEASURES if name in dataset}
    intervals = {
        name: t_intervals(values, resolution=resolution(dataset, name)) for name, values in finals.items()
    }
    diverged = by_cell(dataset, dataset["diverged"].astype(bool)).sum(axis=1)
    finished = by_cell(dataset, dataset["finished"].astype(bool)).sum(axis=1)
    place = {cell: rank for rank, cell in enumerate(ranking.order, start=1)}
    unranked = [cell for cell in range(len(finished)) if cell not in place]
    return [
        Row(
            cell=cell,
            levels=cell_levels(dataset, cell),
            measures={name: _pick(values, cell) for name, values in intervals.items()},
            values=finals[ranking.metric][cell],
            rank=place.get(cell),
            tied=cell in ranking.tied,
            erratic=cell in ranking.erratic,
            diverged=int(diverged[cell]),
            finished=int(finished[cell]),
            seeds=int(dataset.sizes["seed"]),
        )
        for cell in [*ranking.order, *unranked]
    ]


def _pick(intervals: tuple[np.ndarray, ...], cell: int) -> Interval:
    mean, low, high, n = (values[cell] for values in intervals)
    return Interval(float(mean), float(low), float(high), int(n))
