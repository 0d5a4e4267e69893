"""`training.schedule`: how the learning rate moves over steps. The equations are in training/schedules.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shoal.study.settings.base import (
    LARGEST,
    Count,
    NonNegative,
    Positive,
    Rate,
    SettingsTable,
    Traced,
    Whole,
)


class StepDecay(SettingsTable):
    """`rate` times `factor` after every `every` epochs (or `every_steps` steps)."""

    kind: Literal["step_decay"]
    rate: Positive
    factor: Positive = 0.95
    every: Count | None = None
    every_steps: Count | None = None

    @model_validator(mode="after")
    def _one_interval(self) -> StepDecay:
        if self.every is not None and self.every_steps is not None:
            raise ValueError("give either `every` (epochs) or `every_steps`, not both")
        return self


class Exponential(SettingsTable):
    """`rate` * `factor`**step."""

    kind: Literal["exponential"]
    rate: Positive
    factor: Positive


class _Cyclical(SettingsTable):
    min: NonNegative
    max: Positive
    half_cycle: Positive


class Triangular(_Cyclical):
    """Up from `min` to `max` in `half_cycle` steps and down again, over and over (Smith 2017)."""

    kind: Literal["triangular"]


class Triangular2(_Cyclical):
    """`triangular` whose height is halved after every cycle."""

    kind: Literal["triangular2"]


class ExpRange(_Cyclical):
    """`triangular` whose height shrinks by `gamma` with every step."""

    kind: Literal["exp_range"]
    gamma: Annotated[float, Field(gt=0, le=1, strict=True), Traced()] = 1.0


class CyclicalByScale(_Cyclical):
    """`triangular` whose height is multiplied by a function given in Python.

    `scale` is the name under which it was handed to `shoal.training.schedules.register_scale`.
    """

    kind: Literal["cyclical"]
    scale: str


class Cosine(SettingsTable):
    """From `rate` down to `end` along half a cosine over the whole training, after `warmup` linear steps."""

    kind: Literal["cosine"]
    rate: Positive
    end: NonNegative = 0.0
    warmup: Whole = 0


class OneCycle(SettingsTable):
    """One cosine cycle over the whole training, momentum moving the other way (Smith & Topin 2018)."""

    kind: Literal["one_cycle"]
    max: Positive
    warm_fraction: Annotated[float, Field(gt=0, lt=1, strict=True), Traced()] = 0.3
    start_divisor: Positive = 25.0
    end_divisor: Positive = 1e4
    momentum_high: Rate = 0.95
    momentum_low: Rate = 0.85

    @model_validator(mode="after")
    def _within_single_precision(self) -> OneCycle:
        for name in ("start_divisor", "end_divisor"):
            rate = self.max / getattr(self, name)
            if rate > LARGEST:
                raise ValueError(f"max / {name} is {rate:g}; expected a rate of {LARGEST:g} or less")
        return self


Schedule = Annotated[
    StepDecay | Exponential | Triangular | Triangular2 | ExpRange | CyclicalByScale | Cosine | OneCycle,
    Field(discriminator="kind"),
]
