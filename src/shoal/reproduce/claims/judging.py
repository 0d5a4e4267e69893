"""How a sentence is decided: a function over the evidence that states its test and shows its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.analysis import paired_difference
from shoal.report.numbers import mean_and_half, points
from shoal.reproduce.evidence import ReproductionData
from shoal.reproduce.model import reports, rows_of
from shoal.statistics.differences import differences_from
from shoal.statistics.intervals import Interval, mean_interval

MARGIN = 0.01  # "hardly", "about the same": 1 point, two deviations of an accuracy near 50 % on 10,000 images
MARGIN_WORDS = "1 point (two standard deviations of an accuracy near 50 % on 10,000 images)"


@dataclass(frozen=True)
class ClaimDecision:
    """holds, fails, undecided or "not run"; the test in words; the numbers behind it; why, where it fails."""

    word: str
    test: str
    numbers: tuple[str, ...] = ()
    cause: str = ""


Judge = Callable[[ReproductionData], ClaimDecision]
JUDGES: dict[str, Judge] = {}


def judge(function: Judge) -> Judge:
    """Enters a function under its name, by which the reports' files call it."""
    if function.__name__ in JUDGES:
        raise ValueError(f"two judges are called {function.__name__}")
    JUDGES[function.__name__] = function
    return function


def not_run(what: str) -> ClaimDecision:
    """Nothing to decide on."""
    return ClaimDecision("not run", "", (f"{what} was not run.",))


def accuracy(name: str, values: Any, step: float = 0.0) -> str:
    """ "three layers: 53.19 ± 0.20 % (n = 3)"."""
    interval = mean_interval(values, resolution=step)
    return f"{name}: {mean_and_half(interval)} % (n = {interval.n})"


def difference(name: str, interval: Interval) -> str:
    """ "three layers: 0.49 ± 1.20 points (n = 3)"."""
    return f"{name}: {points(interval)} (n = {interval.n})"


def paired(first: Any, second: Any, step: float = 0.0) -> Interval:
    """The mean difference over seeds with its t interval."""
    return paired_difference(first, second, resolution=step)


def against(values: np.ndarray, base: int, step: float = 0.0) -> dict[int, Interval]:
    """Each level minus the level `base`, paired by seed, from values (levels, seeds), by level.

    Intervals are simultaneous (Bonferroni) and their variances steadied by what all levels together say of
    the noise (`differences_from`).
    """
    others = np.flatnonzero(np.arange(len(values)) != base)
    found = differences_from(values, base, others, step).intervals(len(others))
    return {int(level): -interval for level, interval in zip(others, found, strict=True)}


def reported(number: str, prefix: str) -> np.ndarray:
    """The reported figures of a report whose path begins so, in order."""
    found = [
        row.reported
        for report in reports()
        if report.number == number
        for part in report.part.values()
        for table in part.table
        for row in rows_of(table)
        if row.of.startswith(prefix) and row.reported is not None
    ]
    return np.array(found)
