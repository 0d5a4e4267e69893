"""Labels of any kind as class numbers and class names."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from shoal.data.files.tables import listed
from shoal.errors import DataError
from shoal.text import printable

MOST_CLASSES = 1000
_FEW = 20  # examples; below, every label may well be another
_REGRESSION = (
    "a target of classes is expected (whole numbers or text); numbers to predict (regression) are not "
    "supported yet: cut them into classes, or name another target"
)


@dataclass(frozen=True, eq=False)
class Labels:
    """`train` (N,) and `test` as numbers 0 .. C-1 of `classes`, with notes on how they were numbered."""

    train: np.ndarray
    test: np.ndarray | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def as_labels(where: str, train: np.ndarray, test: np.ndarray | None = None) -> Labels:
    """Number the classes in sorted order, numbers by size and text by its letters; their texts are the names.

    Raises `DataError` for labels that are missing, fractional, not one for each example or of too many
    kinds, and where the test part has a class that is not in the training part.
    """
    values = _column(where, train)
    known, train_numbers = np.unique(values, return_inverse=True)
    _refuse_many(where, known, len(values))
    classes = tuple(_text(value) for value in known)
    test_numbers = None if test is None else _numbers_of(f"{where}, test part", known, _column(where, test))
    notes = (*_merged(train), *_alike(classes), *_numbered(known))
    return Labels(train_numbers, test_numbers, classes, notes)


def _column(where: str, y: np.ndarray) -> np.ndarray:
    """One label for each example, as whole numbers or as text."""
    if y.ndim == 2 and 1 in y.shape:
        y = y.reshape(-1)  # MATLAB's vectors have two axes
    if y.ndim == 2:
        raise DataError(
            f"{where} has shape {y.shape}; expected one label for each example",
            "if it holds a 1 for the class of each example (one-hot), save y.argmax(axis=1)",
        )
    if y.ndim != 1:
        raise DataError(f"{where} has shape {y.shape}", "give one label for each example: shape (N,)")
    if y.dtype.kind == "b":
        return np.where(y, "true", "false")
    if y.dtype.kind in "iu":
        return y
    if y.dtype.kind == "f":
        return _whole(where, y)
    if y.dtype.kind == "S":
        y = np.strings.decode(y, "utf-8", "replace")
    if y.dtype.kind == "U":
        return _words(where, y)
    raise DataError(f"{where} holds {y.dtype}", "give whole numbers or text as labels")


def _whole(where: str, y: np.ndarray) -> np.ndarray:
    missing = np.isnan(y)
    if missing.any():
        raise _missing(where, missing)
    fractional = (y != np.floor(y)) | (np.abs(y) > 2**53)
    if fractional.any():
        first = int(np.argmax(fractional))
        raise DataError(
            f"{where}: the label of example {first} is {y[first]:g}, one of {len(np.unique(y)):,} values",
            _REGRESSION,
        )
    return y.astype(np.int64)


def _words(where: str, y: np.ndarray) -> np.ndarray:
    spellings, which = np.unique(np.strings.strip(y), return_inverse=True)
    y = np.array([unicodedata.normalize("NFC", str(one)) for one in spellings])[which]
    empty = y == ""
    if empty.any():
        raise _missing(where, empty)
    return y


def _merged(y: np.ndarray) -> tuple[str, ...]:
    """A note where labels became one by their spaces at the ends or by the way that accents are written."""
    if y.dtype.kind != "U":
        return ()
    groups: dict[str, int] = {}
    for one in np.unique(y):
        name = unicodedata.normalize("NFC", str(one).strip())
        groups[name] = groups.get(name, 0) + 1
    names = [printable(name) for name, count in groups.items() if count > 1]
    return (
        (
            f"labels that differ only in spaces at their ends or in how accents are stored (composed or not) "
            f"were taken as one: {listed(names)}",
        )
        if names
        else ()
    )


def _alike(classes: tuple[str, ...]) -> tuple[str, ...]:
    """A note on classes whose names differ in capital letters only."""
    groups: dict[str, list[str]] = {}
    for name in classes:
        groups.setdefault(name.casefold(), []).append(printable(name))
    same = [" and ".join(names) for names in groups.values() if len(names) > 1]
    return (f"classes whose names differ in capital letters only: {listed(same)}",) if same else ()


def _missing(where: str, missing: np.ndarray) -> DataError:
    return DataError(
        f"{where}: {int(missing.sum()):,} of {len(missing):,} labels are missing; the first is that of "
        f"example {int(np.argmax(missing))}",
        "leave those examples out, or give them a label",
    )


def _refuse_many(where: str, known: np.ndarray, n: int) -> None:
    if len(known) > MOST_CLASSES or (n >= _FEW and len(known) > n / 2):
        raise DataError(f"{where}: {len(known):,} different values in {n:,} examples", _REGRESSION)


def _numbers_of(where: str, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    foreign = ~np.isin(values, known)
    if foreign.any():
        first = int(np.argmax(foreign))
        raise DataError(
            f"{where}: example {first} is of class {_text(values[first])!r}, of which there is no training "
            "example",
            "give training examples of every class, or leave those test examples out",
        )
    return np.searchsorted(known, values)


def _text(value: object) -> str:
    return str(value)


def _numbered(known: np.ndarray) -> tuple[str, ...]:
    """A note where whole numbers were not 0 .. C-1 already."""
    if known.dtype.kind not in "iu" or np.array_equal(known, np.arange(len(known))):
        return ()
    first, last, count = known[0], known[-1], len(known)
    note = f"labels {first} to {last} were numbered 0 to {count - 1} and kept as class names"
    if np.array_equal(known, np.arange(1, 11)):
        note += "; 10 stands for the digit 0 where these are MATLAB's digits, whose indices begin at 1"
    return (note,)
