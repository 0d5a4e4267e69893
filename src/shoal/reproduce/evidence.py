"""What was measured: the results of studies by name, numbers computed here, and values picked from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import xarray as xr

from shoal.analysis import final_values, ranking_metric
from shoal.analysis.factors import json_attribute
from shoal.analysis.final import resolution
from shoal.errors import RunError
from shoal.reproduce.adapt import Mode
from shoal.reproduce.model import Level, Row

NEAR = 1.2  # a reported level may be rounded: ours is the nearest, at most this factor away


class StudyNotRun(Exception):
    """A study that was not run, so that nothing is said of it."""


class NoLevel(RunError):
    """A result has no such level or variable: it is of another version of its study."""


@dataclass(frozen=True)
class ReproductionData:
    """Results by study name (those that were run), computed numbers by name, (n,) each, and the mode."""

    mode: Mode
    results: Mapping[str, xr.Dataset]
    computed: Mapping[str, np.ndarray] = field(default_factory=dict)

    def result(self, study: str) -> xr.Dataset:
        """A study's result. Raises Missing where it was not run."""
        if study not in self.results:
            raise StudyNotRun(study)
        return self.results[study]

    def number(self, name: str) -> np.ndarray:
        """Computed numbers, (n,). Raises Missing where they were not computed."""
        if name not in self.computed:
            raise StudyNotRun(name)
        return np.atleast_1d(np.asarray(self.computed[name], dtype=np.float64))

    def values(self, row: Row) -> np.ndarray:
        """The row's value for each seed, (seeds,), for each level of `over` and seed, or computed numbers."""
        if not row.study:
            return self.number(row.value)
        dataset = self.result(row.study)
        if row.value == "parameters":
            counts = json_attribute(dataset, "parameters") or _refuse_lack("parameters")
            return np.array([max(counts)], dtype=np.float64)
        if row.best:
            return _at_own_best(dataset, row)
        found = self.finals(row.study, row.value, row.take, row.step, **row.at)
        return found.ravel() if row.over else found

    def finals(
        self, study: str, name: str, take: str = "last", step: int | None = None, /, **at: Level
    ) -> np.ndarray:
        """A variable of a study at given levels, (seeds,); (levels, seeds) where one factor is left free."""
        dataset = self.result(study)
        if step is not None:
            wanted = self.mode.steps(step)
            values = held(dataset, name).sel(step=wanted, method="nearest").astype(np.float64)
        elif take == "first":
            values = held(dataset, name).isel(step=0).astype(np.float64)
        elif take == "max":
            trained = held(dataset, name).isel(
                step=slice(1, None)
            )  # the first record is of the untrained network
            values = trained.max("step").astype(np.float64)
        else:
            held(dataset, name)
            values = final_values(dataset, name)
        picked = at_levels(values, at)
        return picked.transpose(..., "seed").to_numpy()

    def levels(self, study: str, factor: str) -> np.ndarray:
        """The levels of a factor."""
        return held(self.result(study), factor).to_numpy()

    def resolution(self, study: str, name: str) -> float:
        """The step between possible accuracies, 1/N; 0 for anything else."""
        return resolution(self.result(study), name) if name.endswith("accuracy") else 0.0

    def images(self, study: str, name: str) -> int:
        """On how many examples of a part an accuracy was measured; 0 where the result does not say."""
        data = json_attribute(self.result(study), "data", {})
        first = data[0] if isinstance(data, list) else data
        return int(first.get("counts", {}).get(name.removesuffix("_accuracy"), 0))


def held(dataset: xr.Dataset, name: str) -> xr.DataArray:
    """A variable of a result. Raises NoLevel where it does not have it: not every result has all parts."""
    if name not in dataset.variables:
        _refuse_lack(name)
    return dataset[name]


def classes(dataset: xr.Dataset) -> int:
    """How many classes a result tells apart. Raises NoLevel where it does not say."""
    return dataset.sizes["class"] if "class" in dataset.sizes else _refuse_lack("class")


def _refuse_lack(name: str) -> NoReturn:
    raise NoLevel(
        f"A result does not have {name!r}, of which its report speaks.",
        "The run is of another version of the study: move its folder away and run it again.",
    )


def at_levels(values: xr.DataArray, at: Mapping[str, Level]) -> xr.DataArray:
    """The values at the level of each factor that is named; factors with one level need no name.

    Raises RunError where a level is not among the result's.
    """
    if lacking := at.keys() - set(values.dims):
        _refuse_lack(min(lacking))
    values = values.isel({dim: _place(values[dim], level) for dim, level in at.items()}, drop=True)
    single = [d for d in values.dims if d != "seed" and values.sizes[d] == 1]
    return values.squeeze(single, drop=True)


def _place(coordinate: xr.DataArray, level: Level) -> int:
    """The place of a level: of a name or its beginning, of the nearest number, or a place itself."""
    levels = coordinate.to_numpy()
    if levels.dtype.kind in "OUS":
        text = f"{level:g}" if isinstance(level, float) else str(level)
        found = [i for i, one in enumerate(levels) if str(one) == text]
        found = found or [i for i, one in enumerate(levels) if str(one).startswith(text)]
        if not found and isinstance(level, int) and not isinstance(level, bool) and level < len(levels):
            return level
    elif levels.dtype.kind == "b" or not level:
        found = list(np.flatnonzero(levels == level))
    else:
        with np.errstate(divide="ignore"):
            away = np.abs(np.log(levels.astype(np.float64) / float(level)))
        found = [int(away.argmin())] if away.min() < np.log(NEAR) else []
    if len(found) != 1:
        raise NoLevel(
            f"A result has {coordinate.name} = {', '.join(map(str, levels))}; {level} was asked for.",
            "The run is of another version of the study: move its folder away and run it again.",
        )
    return int(found[0])


def _at_own_best(dataset: xr.Dataset, row: Row) -> np.ndarray:
    """Each seed's value at the level of `row.best` that is best on that seed's validation data."""
    held(dataset, ranking_metric(dataset))
    score = at_levels(final_values(dataset, ranking_metric(dataset)), row.at).transpose(row.best, "seed")
    chosen = np.argmax(np.nan_to_num(score.to_numpy(), nan=-np.inf), axis=0)
    if row.value == "level":
        return held(dataset, row.best).to_numpy()[chosen].astype(np.float64)
    held(dataset, row.value)
    values: Any = at_levels(final_values(dataset, row.value), row.at).transpose(row.best, "seed")
    return values.to_numpy()[chosen, np.arange(len(chosen))]
