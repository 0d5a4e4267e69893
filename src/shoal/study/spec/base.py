"""What every table of a study file shares: strict, frozen, finite, and traced fields that say so."""

from __future__ import annotations

import struct
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

# What training computes with: float32 and int32.
LARGEST = 3.4028234663852886e38
SMALLEST = 1.1754943508222875e-38  # the smallest of full precision; devices take what is below for 0
MOST = 2**31 - 1


class Traced:
    """Marks a setting that changes numbers only, so that any mix of its levels shares one program."""


class Table(BaseModel):
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
