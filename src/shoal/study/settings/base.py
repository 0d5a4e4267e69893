"""What every table of a study file shares, and the dotted paths into it.

Tables are strict, frozen and finite. Traced fields say so: their values may differ within a compiled
program.
"""

from __future__ import annotations

import struct
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

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
def _traced_fields(kind: type[SettingsTable]) -> frozenset[str]:
    fields = kind.model_fields.items()
    return frozenset(name for name, info in fields if is_traced(info.annotation, info.metadata))


def leaves(table: SettingsTable, prefix: str = "") -> tuple[dict[str, float], dict[str, Any]]:
    """All settings of a table as (traced, structural), by dotted path.

    A number whose field is marked traced goes to the first, everything else to the second.
    """
    traced: dict[str, float] = {}
    structural: dict[str, Any] = {prefix.rstrip("."): type(table).__name__}
    can_trace = _traced_fields(type(table))
    for name in type(table).model_fields:
        value, path = getattr(table, name), f"{prefix}{name}"
        for key, item in _items(path, value):
            if isinstance(item, SettingsTable):
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


def with_values(table: Any, values: Mapping[str, Any]) -> Any:
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
        changed = {int(i): with_values(table[int(i)], below) for i, below in heads.items()}
        return tuple(changed.get(i, direct.get(str(i), item)) for i, item in enumerate(table))
    update = {name: with_values(getattr(table, name), below) for name, below in heads.items()}
    return table.model_copy(update=update | direct)


# What training computes with: float32 and int32.
LARGEST = 3.4028234663852886e38
SMALLEST = 1.1754943508222875e-38  # the smallest of full precision; devices take what is below for 0
MOST = 2**31 - 1


class Traced:
    """Marks a setting that changes numbers only, so that any mix of its levels shares one program."""


class SettingsTable(BaseModel):
    """A table of a study file: unknown keys are errors, values cannot change once they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=False)


def shown(value: Any) -> str:
    """A wrong value in a message, shortened."""
    if isinstance(value, int) and abs(value) > 10**18:
        return "a number of more than 18 digits"
    return f"{value!r:.70}"


def _not_zero(value: float) -> float:
    if value < SMALLEST:
        raise ValueError(f"got {value:g}; in single precision it is 0; expected {SMALLEST:g} or more")
    return value


def _below_one(value: float) -> float:
    if struct.unpack("f", struct.pack("f", value))[0] >= 1:
        raise ValueError(f"got {value!r}; in single precision it is 1; expected 0.9999999 or less")
    return value


Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, strict=True)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, strict=True), AfterValidator(_not_zero), Traced()]
NonNegative = Annotated[float, Field(ge=0, le=LARGEST, strict=True), Traced()]
Rate = Annotated[float, Field(ge=0, lt=1, strict=True), AfterValidator(_below_one), Traced()]
Decay = Annotated[float, Field(gt=0, lt=1, strict=True), AfterValidator(_below_one), Traced()]
Count = Annotated[int, Field(gt=0, le=MOST, strict=True)]
Whole = Annotated[int, Field(ge=0, le=MOST, strict=True)]


def is_whole(value: Any, least: int, most: int = MOST) -> bool:
    """Whether a value is a whole number within bounds, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _amount(value: Any) -> int | float:
    whole = is_whole(value, 0)
    if whole or (isinstance(value, float) and 0 < value < 1):
        return value
    raise ValueError(
        f"got {shown(value)}; expected a count (300; 0 for none) or a fraction between 0 and 1 (0.1)"
    )


Amount = Annotated[int | float, PlainValidator(_amount)]


def _components(value: Any) -> int | float | str:
    whole = is_whole(value, 1)
    if whole or (isinstance(value, float) and 0 < value < 1) or value == "none":
        return value
    raise ValueError(
        f"got {shown(value)}; expected a number of components (250), a share of the variance between 0 and 1 "
        '(0.95), or "none"'
    )


Components = Annotated[int | float | str, PlainValidator(_components)]
FilePath = Annotated[str, Field(min_length=1, strict=True)]
