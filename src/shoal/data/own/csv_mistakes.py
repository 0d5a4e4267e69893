"""What is wrong in a CSV file whose cells did not turn into numbers: each is looked at, with its line."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data.own.columns import MISSING, listed, missing_values
from shoal.errors import DataError

LARGEST = float(np.finfo(np.float32).max)


@dataclass
class _Column:
    """What was found in one column: counts, and the first of each kind as (line, cell)."""

    name: str
    numbers: int = 0
    words: list[tuple[int, str]] = field(default_factory=list)  # the first one only
    word_count: int = 0
    missing: list[int] = field(default_factory=list)


def explain(path: Path, rows: Any, header: list[str], target: int) -> DataError:
    """The error that names the column and the line, for the first kind of mistake that there is."""
    columns = [_Column(name) for name in header]
    next(rows)
    for row in rows:
        if not row:
            continue
        if len(row) != len(header):
            return DataError(
                f"{path}, line {rows.line_num}: {len(row)} cells, where the first line names {len(header)} "
                "columns",
                "give every line one cell for each column; put text with a comma in it in quotes",
            )
        for i, cell in enumerate(row):
            if i != target:
                _note(columns[i], cell.strip(), rows.line_num)
    features = [column for i, column in enumerate(columns) if i != target]
    return _about_words(path, features) or _about_missing(path, features)


def _note(column: _Column, cell: str, line: int) -> None:
    if cell.lower() in MISSING:
        column.missing.append(line)
        return
    try:
        finite = math.isfinite(float(cell)) and abs(float(cell)) <= LARGEST
    except ValueError:
        finite = False
    if finite:
        column.numbers += 1
        return
    column.word_count += 1
    if not column.words:
        column.words.append((line, cell))


def _about_words(path: Path, columns: list[_Column]) -> DataError | None:
    mixed = [column for column in columns if column.words and column.numbers]
    if mixed:
        first = mixed[0]
        line, cell = first.words[0]
        others = f"; so has {listed([c.name for c in mixed[1:]])}" if mixed[1:] else ""
        return DataError(
            f"{path}, column {first.name!r}, line {line}: {cell!r} is no finite 32-bit number; the column "
            f"has {first.numbers:,} numbers and {first.word_count:,} such cells{others}",
            "correct those cells, or leave the rows or the column out",
        )
    texts = [column for column in columns if column.words]
    if not texts:
        return None
    line, cell = texts[0].words[0]
    names = listed([column.name for column in texts])
    many = f"columns {names} hold" if texts[1:] else f"column {names} holds"
    return DataError(
        f"{path}: {many} text, as {cell!r} in line {line}; features are numbers",
        "write such a column as numbers (0 and 1 for each of its words), or leave it out",
    )


def _about_missing(path: Path, columns: list[_Column]) -> DataError:
    holes = [column for column in columns if column.missing]
    first = min(holes, key=lambda column: column.missing[0])
    count = sum(len(column.missing) for column in holes)
    return missing_values(str(path), len(holes), count, f"in column {first.name!r}, line {first.missing[0]}")
