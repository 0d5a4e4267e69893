"""What tables share, whatever file they come from: their columns' names, the target, and labels as text."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from shoal.data.limits import refuse_long_labels
from shoal.errors import DataError

MISSING = frozenset({"", "na", "n/a", "nan", "null"})
_MOST_LISTED = 10
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.0*)?")


def target_column(where: str, header: Sequence[str], target: str | None) -> int:
    """The position of the target among the columns' names.

    Raises `DataError` for a name that is missing, comes twice or is none of them, and where no feature is
    left.
    """
    for i, name in enumerate(header, start=1):
        if not name:
            raise DataError(
                f"{where}: column {i} of {len(header)} has no name",
                "name it in the first line; if it is pandas' row numbers, save with index=False",
            )
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(f"{where} has two columns named {twice[0]!r}", "give each column a name of its own")
    if target is None:
        raise DataError(
            f"{where} is a table with columns {listed(header)}; which holds the classes is not said",
            f'name it: target = "{header[-1]}"',
        )
    if target not in header:
        near = difflib.get_close_matches(target, header, n=1, cutoff=0.5) or [
            name for name in header if name.lower() == target.lower()
        ]
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(f"{where} has no column {target!r}", f"{hint}its columns: {listed(header)}")
    if len(header) == 1:
        raise DataError(f"{where} has no column but the target", "add columns of numbers to learn from")
    return list(header).index(target)


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    rest = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(map(repr, names[:_MOST_LISTED])) + rest


def labels_of(where: str, texts: Sequence[str]) -> np.ndarray:
    """Labels read as text: numbers if all are, so that 2 comes before 10; a text as "007" stays one.

    Raises `DataError` for labels of too many characters.
    """
    refuse_long_labels(where, len(texts), max(map(len, texts), default=0))
    if all(_WHOLE.fullmatch(text) for text in texts):
        return np.array([int(text.split(".")[0]) for text in texts], np.int64)
    try:
        values = np.array(list(map(float, texts)))
    except ValueError:
        return np.array(texts)
    return values if (values != np.floor(values)).any() else np.array(texts)


def missing_values(where: str, columns: int, count: int, first: str) -> DataError:
    """The error for a table with holes in its features."""
    within = "one column" if columns == 1 else f"{columns} columns"
    some = "1 value is" if count == 1 else f"{count:,} values are"
    return DataError(
        f"{where}: {some} missing in {within}; the first is {first}",
        "leave those rows out, or fill the values in before saving",
    )


def missing_labels(where: str, target: str, count: int, total: int, first: str) -> DataError:
    """The error for a table with holes in its target."""
    return DataError(
        f"{where}: {count:,} of {total:,} labels are missing in the target {target!r}; the first is {first}",
        "leave those rows out, or give them a label",
    )
