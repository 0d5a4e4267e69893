"""Dotted paths into a study: what they reach, which are traced, and how their factors are named."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from shoal.study.spec.base import Table, Traced

TABLES = ("data", "network", "training", "record")


def dimension_names(paths: Sequence[str]) -> tuple[str, ...]:
    """A factor's name is its path without the table: training.schedule.max -> schedule_max.

    Where two paths would share a name, both keep their table.
    """
    short = [path.split(".", 1)[-1].replace(".", "_") for path in paths]
    taken = {"seed", "step", "class", "predicted", "epoch", "learning_rate"}
    clash = {name for name in short if short.count(name) > 1 or name in taken}
    pairs = zip(paths, short, strict=True)
    return tuple(path.replace(".", "_") if name in clash else name for path, name in pairs)


def is_traced(annotation: Any, metadata: Sequence[Any] = ()) -> bool:
    """Whether a field was declared to change numbers only."""
    if any(isinstance(mark, Traced) for mark in metadata):
        return True
    parts = typing.get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return any(isinstance(mark, Traced) for mark in annotation.__metadata__)
    return any(is_traced(part) for part in parts)


@cache
def _traced_fields(kind: type[Table]) -> frozenset[str]:
    fields = kind.model_fields.items()
    return frozenset(name for name, info in fields if is_traced(info.annotation, info.metadata))


def leaves(table: Table, prefix: str = "") -> tuple[dict[str, float], dict[str, Any]]:
    """All settings of a table as (traced, structural), by dotted path.

    A number whose field is marked traced goes to the first, everything else to the second.
    """
    traced: dict[str, float] = {}
    structural: dict[str, Any] = {prefix.rstrip("."): type(table).__name__}
    can_trace = _traced_fields(type(table))
    for name in type(table).model_fields:
        value, path = getattr(table, name), f"{prefix}{name}"
        for key, item in _items(path, value):
            if isinstance(item, Table):
                below = leaves(item, f"{key}.")
                traced |= below[0]
                structural |= below[1]
            elif name in can_trace and isinstance(item, float):
                traced[key] = item
            else:
                structural[key] = item
    return traced, structural


def _items(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, tuple):
        return [(path, len(value)), *((f"{path}.{i}", item) for i, item in enumerate(value))]
    return [(path, value)]


def overlay(table: Any, values: Mapping[str, Any]) -> Any:
    """A copy of `table` with other values at some dotted paths, unvalidated: they may be traced arrays."""
    if not values:
        return table
    heads: dict[str, dict[str, Any]] = {}
    direct: dict[str, Any] = {}
    for path, value in values.items():
        head, _, rest = path.partition(".")
        if rest:
            heads.setdefault(head, {})[rest] = value
        else:
            direct[head] = value
    if isinstance(table, tuple):
        changed = {int(i): overlay(table[int(i)], below) for i, below in heads.items()}
        return tuple(changed.get(i, direct.get(str(i), item)) for i, item in enumerate(table))
    update = {name: overlay(getattr(table, name), below) for name, below in heads.items()}
    return table.model_copy(update=update | direct)
