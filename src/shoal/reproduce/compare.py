"""Each reported figure beside ours: mean, interval, what one more run would give, and a word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoal.reproduce.evidence import NoLevel, ReproductionData, StudyNotRun
from shoal.reproduce.model import Part, Report, Row, Table, rows_of
from shoal.statistics.intervals import Interval, mean_interval, wilson
from shoal.statistics.prediction import AGREES, HIGHER, LOWER, UNKNOWN, single_run, standing

PRINTED = 2e-3  # in powers of ten: reported figures have three digits or so


@dataclass(frozen=True)
class Compared:
    """One row with ours. `mean` with its interval, `single` for one more run, `values` of each seed.

    word: agrees, higher, lower (how ours is); "" where nothing was reported, "not run" where ours is missing.
    """

    row: Row
    values: np.ndarray
    mean: Interval | None
    single: Interval | None
    word: str


@dataclass(frozen=True)
class ComparedTable:
    """A table with its rows."""

    report: Report
    part: str
    table: Table
    rows: tuple[Compared, ...]


def compare(report: Report, name: str, part: Part, evidence: ReproductionData) -> list[ComparedTable]:
    """Every table of a part, in order."""
    return [
        ComparedTable(report, name, table, tuple(compared(row, table, evidence) for row in rows_of(table)))
        for table in part.table
    ]


def compared(row: Row, table: Table, evidence: ReproductionData) -> Compared:
    """One row beside ours."""
    try:
        values = evidence.values(row)
    except StudyNotRun:
        return Compared(row, np.empty(0), None, None, "not run")
    except NoLevel:
        if not evidence.mode.digits:
            raise
        return Compared(row, np.empty(0), None, None, "not run")  # the digits are too few for some levels
    if row.tolerance is not None:
        return _exact(row, float(values.mean()), values)
    mean, single = _intervals(values, row, table, evidence)
    word = "" if row.reported is None else standing(single, row.reported)
    return Compared(row, values, mean, single, "one seed" if word == UNKNOWN else word)


def _exact(row: Row, ours: float, values: np.ndarray) -> Compared:
    point = Interval(ours, ours, ours, 1)
    if row.reported is None:
        return Compared(row, values, point, point, "")
    away = ours - row.reported
    word = AGREES if abs(away) <= (row.tolerance or 0.0) else HIGHER if away > 0 else LOWER
    return Compared(row, values, point, point, word)


def _intervals(
    values: np.ndarray, row: Row, table: Table, evidence: ReproductionData
) -> tuple[Interval, Interval]:
    if table.unit == "share":
        return _share(values)
    if table.scale == "log":
        logs = np.log10(np.maximum(values, np.finfo(float).tiny))
        return _powers(mean_interval(logs, resolution=PRINTED)), _powers(single_run(logs, resolution=PRINTED))
    step = evidence.resolution(row.study, row.value) if row.study else 0.0
    images = evidence.images(row.study, row.value) if table.drawn and table.unit == "accuracy" else 0
    return mean_interval(values, resolution=step), single_run(values, images=images, resolution=step)


def _share(values: np.ndarray) -> tuple[Interval, Interval]:
    """Of networks that are counted: Wilson's interval, and that of the share among as many more."""
    n = len(values)
    mean = wilson(float(values.sum()), n)
    spread = np.sqrt(2) * np.array([mean.mean - mean.low, mean.high - mean.mean])
    return mean, Interval(mean.mean, max(mean.mean - spread[0], 0.0), min(mean.mean + spread[1], 1.0), n)


def _powers(logs: Interval) -> Interval:
    return Interval(10**logs.mean, 10**logs.low, 10**logs.high, logs.n)
