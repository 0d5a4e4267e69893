"""How figures and intervals are written on the page, in Markdown and in the terminal."""

from __future__ import annotations

import math

from shoal.report.numbers import MISSING, counted, percent, short_number
from shoal.reproduce.compare import Compared, ComparedTable
from shoal.statistics.intervals import Interval

UNITS = {"accuracy": "%", "share": "%", "nat": "nat", "number": "", "error": ""}
COLUMNS = ("", "reported", "ours", "n", "one more run", "ours is", "why")


def value_text(value: float | None, unit: str, exact: bool = False) -> str:
    """One figure: accuracies and shares in percent; one that does not depend on chance with more digits."""
    if value is None or math.isnan(value):
        return MISSING
    if unit in ("accuracy", "share"):
        return percent(value)
    return short_number(value, 4 if unit == "nat" else 12 if unit == "number" and exact else 3)


def range_text(interval: Interval | None, unit: str) -> str:
    """52.12 to 54.20; kept within what is possible."""
    if interval is None or not interval.known:
        return MISSING
    low, high = interval.low, interval.high
    if unit in ("accuracy", "share"):
        low, high = max(low, 0.0), min(high, 1.0)
    return f"{value_text(low, unit)} to {value_text(high, unit)}"


def mean_text(interval: Interval | None, unit: str, log: bool) -> str:
    """53.19 ± 0.20, or the mean and its ends where they are not as far from it."""
    if interval is None:
        return MISSING
    mean = value_text(interval.mean, unit)
    if not interval.known or interval.low == interval.high:
        return mean
    if log or unit in ("share", "error"):
        return f"{mean} ({range_text(interval, unit)})"
    half = percent(interval.half) if unit == "accuracy" else short_number(interval.half, 2)
    return f"{mean} ± {half}"


def cells_of(table: ComparedTable, row: Compared) -> tuple[str, ...]:
    """A row of a table as text, in the order of COLUMNS."""
    unit, log, exact = table.table.unit, table.table.scale == "log", row.row.tolerance is not None
    ours = mean_text(row.mean, unit, log)
    if exact and row.mean:
        ours = value_text(row.mean.mean, unit, exact)
    reported = row.row.reported
    return (
        row.row.name,
        "" if reported is None else value_text(reported, unit, exact),
        ours,
        "exact" if exact else str(row.mean.n) if row.mean else MISSING,
        "" if exact or reported is None else range_text(row.single, unit),
        row.word,
        row.row.note if row.word in ("higher", "lower") else "",
    )


def heading_of(table: ComparedTable) -> str:
    """The table's title with its unit."""
    unit = UNITS[table.table.unit]
    return f"{table.table.title} ({unit})" if unit else table.table.title


def decided_text(words: list[str]) -> str:
    """ "Of 29 sentences 20 hold, 6 fail and 3 cannot be decided."; "" where there is none."""
    hold, fail, undecided = (words.count(word) for word in ("holds", "fails", "undecided"))
    total = hold + fail + undecided
    if not total:
        return ""
    return f"Of {counted(total, 'sentence')} {hold} hold, {fail} fail, {undecided} cannot be decided."


def counts_text(agrees: int, higher: int, lower: int) -> str:
    """ "Of 17 reported figures 12 agree ..."."""
    total = agrees + higher + lower
    return (
        f"Of {counted(total, 'comparison')} with reported figures {agrees} lie where one more run of ours "
        f"would be in 95 of 100 cases; beside {higher} ours is higher, beside {lower} lower."
    )
