"""Comma-separated values: a first line of names, a target, and columns of numbers."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from shoal.data.limits import MOST_LINE, most_bytes, refuse_oversized, too_large
from shoal.data.opening import open_named
from shoal.data.own.columns import MISSING, labels_of, missing_labels, target_column
from shoal.data.own.csv_mistakes import explain
from shoal.data.own.raw import Raw
from shoal.errors import DataError

_BLOCK = 2048  # rows turned into numbers together
_CELLS = 1 << 20  # of a block, at most
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}


def read(path: Path, target: str | None) -> Raw:
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


def _read(path: Path, file: TextIO, target: str | None) -> Raw:
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
    return Raw(
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
