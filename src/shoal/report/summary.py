"""Everything that the page, the figures and the terminal say, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from shoal.analysis import (
    Factor,
    FactorEffect,
    Health,
    Ranking,
    Row,
    by_cell,
    cell_levels,
    factor_effects,
    factors,
    find_cell,
    health,
    rank_cells,
    rows,
)
from shoal.analysis.factors import json_attribute
from shoal.report.numbers import clean, level_texts
from shoal.results.result_schema import whole_parts

METRIC_WORDS = {
    "validation_accuracy": "validation accuracy",
    "train_accuracy": "training accuracy",
    "test_accuracy": "test accuracy",
}


@dataclass(frozen=True)
class Summary:
    """A result with its analysis."""

    dataset: xr.Dataset
    factors: tuple[Factor, ...]
    ranking: Ranking
    rows: tuple[Row, ...]
    effects: tuple[FactorEffect, ...]

    @property
    def seeds(self) -> int:
        return int(self.dataset.sizes["seed"])

    @property
    def metric(self) -> str:
        return self.ranking.metric

    @property
    def metric_words(self) -> str:
        return METRIC_WORDS[self.metric]

    @property
    def interrupted(self) -> bool:
        return self.dataset.attrs.get("status") == "interrupted"

    @cached_property
    def members(self) -> tuple[int, int]:
        """How many members are finished, and of how many."""
        finished = self.dataset["finished"].values
        return int(finished.sum()), int(finished.size)

    @cached_property
    def diverged(self) -> list[tuple[int, int, int]]:
        """(cell, seed, step) of every member that diverged, in the order of the cells."""
        when = by_cell(self.dataset, self.dataset["diverged_step"])
        cells, seeds = np.nonzero(by_cell(self.dataset, self.dataset["diverged"].astype(bool)))
        labels = self.dataset["seed"].values
        return [(int(c), int(labels[s]), int(when[c, s])) for c, s in zip(cells, seeds, strict=True)]

    @cached_property
    def health(self) -> Health:
        """What the rules of health find."""
        return health(self.dataset)

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """The level texts of each factor, by dimension name."""
        return {factor.name: level_texts(factor) for factor in self.factors}

    def level_text(self, factor: Factor, level: Any) -> str:
        return self.texts[factor.name][factor.levels.index(level)]

    def cell_text(self, cell: int, only: tuple[Factor, ...] | None = None) -> str:
        """A cell in words: batch norm on, L2 0.0139."""
        levels = cell_levels(self.dataset, cell)
        chosen = self.factors if only is None else only
        parts = [f"{clean(f.label)} {self.level_text(f, levels[f.name])}" for f in chosen]
        return ", ".join(parts) or "the network"

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute of the result, JSON decoded."""
        return json_attribute(self.dataset, name, default)

    @cached_property
    def confusion_cell(self) -> int | None:
        """The cell of the confusion matrix: the one that the result names as best."""
        named = self.attribute("best_cell", {})
        return find_cell(self.dataset, named) if isinstance(named, dict) else None

    @cached_property
    def chance(self) -> float | None:
        """The accuracy of guessing, where the classes are known."""
        return 1 / self.dataset.sizes["class"] if "class" in self.dataset.sizes else None


def summarize(dataset: xr.Dataset) -> Summary:
    """Rank, tabulate and compare the cells of a result. An optional part that is not whole is left out."""
    dataset = whole_parts(dataset)
    ranking = rank_cells(dataset)
    every = factors(dataset)
    return Summary(dataset, every, ranking, tuple(rows(dataset, ranking)), factor_effects(dataset))


def measure_order(summary: Summary) -> list[str]:
    """The accuracies that the result has, the one that ranks the cells first."""
    return sorted(summary.rows[0].measures, key=lambda name: name != summary.metric)


def remarks(summary: Summary, row: Row) -> list[str]:
    """What to know about a cell: how it stands to the best, diverged and unfinished members."""
    standing = {"tied": row.tied, "erratic": row.erratic, "best": row.best and len(summary.rows) > 1}
    found = [name for name, stands in standing.items() if stands]
    if row.diverged:
        found.append(f"{row.diverged} diverged")
    if row.finished < row.seeds:
        found.append(f"{row.finished} of {row.seeds} finished")
    return found
