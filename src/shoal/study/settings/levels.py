"""`[vary]`: the levels of a factor, listed or generated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, model_validator

from shoal.study.settings.base import Number, SettingsTable

MOST_LEVELS = 10_000


class Spaced(SettingsTable):
    """`count` levels from the first to the last of `log` (equal ratios) or `linear` (equal steps)."""

    log: tuple[Number, Number] | None = None
    linear: tuple[Number, Number] | None = None
    count: Annotated[int, Field(ge=1, le=MOST_LEVELS, strict=True)]

    @model_validator(mode="after")
    def _one_range(self) -> Spaced:
        if (self.log is None) == (self.linear is None):
            raise ValueError("give exactly one range: `log = [first, last]` or `linear = [first, last]`")
        if self.log is not None and min(self.log) <= 0:
            raise ValueError(f"a log range needs two positive ends; {list(self.log)} came")
        return self

    def levels(self) -> list[float]:
        """The levels, rounded to 12 significant digits so that they read as they were meant."""
        first, last = self.log or self.linear or (0.0, 0.0)
        if self.log is not None:
            first, last = math.log(first), math.log(last)
        share = [i / (self.count - 1) if self.count > 1 else 0.0 for i in range(self.count)]
        values = [first * (1 - s) + last * s for s in share]
        if self.log is not None:
            values = [math.exp(v) for v in values]
        return [float(f"{v:.12g}") for v in values]


@dataclass(frozen=True)
class Variant:
    """A level with a name of its own, which stands for several settings: values by dotted path."""

    name: str
    settings: dict[str, Any]


def level_label(level: Any) -> str:
    """How a level is written in tables and file names: 0.001, true, he_normal, 50-50, normal 0.001."""
    if isinstance(level, Variant):
        return level.name
    if isinstance(level, bool):
        return "true" if level else "false"
    if isinstance(level, float):
        return f"{level:.6g}"
    if isinstance(level, (list, tuple)):
        return "-".join(level_label(v) for v in level) or "none"
    if isinstance(level, dict):
        return " ".join(str(v) if k == "kind" else f"{k} {level_label(v)}" for k, v in level.items())
    return str(level)
