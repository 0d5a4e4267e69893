"""CSV files: a first line of names, a target, and columns of numbers.

Where cells are no numbers, each is named with its line.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from shoal.data.files.arrays import RawArrays
from shoal.data.files.tables import MISSING, labels_of, listed, missing_labels, missing_values, target_column
from shoal.data.limits import MOST_LINE, most_bytes, open_named, refuse_oversized, too_large
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


_BLOCK = 2048  # rows turned into numbers together
_CELLS = 1 << 20  # of a block, at most
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}


def read(path: Path, target: str | None) -> RawArrays:
    """Features (N, D), in the order of their columns, and labels. Raises `DataError`.

    Cells are taken as numbers block by block; only where that fails is each of them looked at.
    """
    try:
        with open_named(path) as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
            if (size := os.fstat(raw.fileno()).st_size) > most_bytes():
                raise too_large(f"{path} is a large file", size)
            return _read(path, file, target)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error.reason}", "save it as UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file: {error}", "save it with a comma between cells") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", "check the file") from error


def _read(path: Path, file: TextIO, target: str | None) -> RawArrays:
    delimiter = _delimiter(path, file)
    rows = csv.reader(_lines(path, file), delimiter=delimiter, strict=True)
    header = [cell.strip() for cell in next(rows, [])]
    _refuse_no_header(path, header)
    column = target_column(str(path), header, target)
    texts: list[str] = []
    blocks = []
    for block in _blocks(rows, len(header)):
        try:
            if any(len(row) != len(header) for row in block):
                raise ValueError
            texts += [row.pop(column).strip() for row in block]
            with np.errstate(over="ignore"):  # what overflows is not finite, and told
                blocks.append(np.array(block, np.float64).astype(np.float32))
            refuse_oversized(str(path), (len(texts), len(header)), 4)
            fine = bool(np.isfinite(blocks[-1]).all())
        except (ValueError, OverflowError):
            fine = False
        if not fine:
            file.seek(0)
            raise explain(
                path, csv.reader(_lines(path, file), delimiter=delimiter, strict=True), header, column
            )
    if not texts:
        raise DataError(f"{path} has names in its first line and no rows", "add an example on each line")
    empty = [i for i, text in enumerate(texts) if text.lower() in MISSING]
    if empty:
        first = f"in row {empty[0] + 1} below the names"
        raise missing_labels(str(path), header[column], len(empty), len(texts), first)
    notes = () if delimiter == "," else (f"cells of {path.name} are separated by {_DELIMITERS[delimiter]}s",)
    return RawArrays(
        np.concatenate(blocks), labels_of(str(path), texts), notes=notes, y_name=f"target {header[column]!r}"
    )


def _delimiter(path: Path, file: TextIO) -> str:
    """The one that comes most often in the first line."""
    line = next(_lines(path, file), "")
    file.seek(0)
    return max(_DELIMITERS, key=line.count)


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a file, none longer than MOST_LINE: a file without line ends would be held whole."""
    while line := file.readline(MOST_LINE):
        if len(line) == MOST_LINE and not line.endswith(("\n", "\r")):
            raise DataError(
                f"{path} has a line of more than {MOST_LINE:,} characters",
                "write each example on a line of its own, or save the numbers in an .npz file",
            )
        yield line


def _blocks(rows: Iterator[list[str]], columns: int) -> Iterator[list[list[str]]]:
    filled = (row for row in rows if row)  # an empty line is no example
    most = max(1, min(_BLOCK, _CELLS // columns))
    while block := list(islice(filled, most)):
        yield block


def _refuse_no_header(path: Path, header: list[str]) -> None:
    if not header:
        raise DataError(f"{path} is empty", "give it a line of column names and a line for each example")
    if all(_is_number(cell) for cell in header):
        raise DataError(
            f"the first line of {path} holds numbers ({', '.join(header[:3])} ...)",
            "put a line with the columns' names above it",
        )


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
