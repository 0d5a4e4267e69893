"""What every table of a study file shares: strict, frozen, finite, and traced fields that say so."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator


class Traced:
    """Marks a setting that changes numbers only, so that any mix of its levels shares one program."""


class Table(BaseModel):
    """A table of a study file: unknown keys are errors, values cannot change once they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=False)


Positive = Annotated[float, Field(gt=0, strict=True), Traced()]
NonNegative = Annotated[float, Field(ge=0, strict=True), Traced()]
Rate = Annotated[float, Field(ge=0, lt=1, strict=True), Traced()]
Decay = Annotated[float, Field(gt=0, lt=1, strict=True), Traced()]
Count = Annotated[int, Field(gt=0, strict=True)]


def _amount(value: Any) -> int | float:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if whole or (isinstance(value, float) and 0 < value < 1):
        return value
    raise ValueError(
        f"got {value!r:.70}; expected a count (300; 0 for none) or a fraction between 0 and 1 (0.1)"
    )


Amount = Annotated[int | float, PlainValidator(_amount)]


def _components(value: Any) -> int | float | str:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if whole or (isinstance(value, float) and 0 < value < 1) or value == "none":
        return value
    raise ValueError(
        f"got {value!r:.70}; expected a number of components (250), a share of the variance between 0 and 1 "
        '(0.95), or "none"'
    )


Components = Annotated[int | float | str, PlainValidator(_components)]
FilePath = Annotated[str, Field(min_length=1, strict=True)]
