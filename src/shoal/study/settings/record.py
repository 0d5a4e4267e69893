"""`[record]`: what is written down, and when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from shoal.study.settings.base import MOST, Count, SettingsTable, Whole

MOST_POINTS = 10_000  # at which curves are recorded
MOST_QUANTILES = 1000
Probability = Annotated[float, Field(ge=0, le=1, strict=True)]


class HealthSettings(SettingsTable):
    """What is measured inside every network at each recorded step, on its first `examples` training examples.

    `quantiles` of activations, weight gradients and batch norm's numbers are kept.
    """

    examples: Annotated[int, Field(ge=2, le=MOST, strict=True)] = 256
    quantiles: Annotated[tuple[Probability, ...], Field(min_length=1, max_length=MOST_QUANTILES)] = (
        *(0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99),
    )

    @field_validator("quantiles")
    @classmethod
    def _rising(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("quantiles in rising order, each once")
        return value


class RecordSettings(SettingsTable):
    """When the curves are recorded: `points` evenly spaced times, or exactly at `steps`.

    The first (untrained) and the last step are always recorded. Training curves are measured on the first
    `training_examples` examples of the training split, validation curves on the whole validation split.
    `weights` keeps the final weights of every member, of the best cell's members, or of none.
    `health` measures activations, gradients, updates and batch norms at each recorded step.
    """

    points: Annotated[int, Field(gt=0, le=MOST_POINTS, strict=True)] = 20
    steps: Annotated[tuple[Whole, ...], Field(max_length=MOST_POINTS)] | None = None
    training_examples: Count | Literal["all"] = 10_000
    weights: Literal["all", "best", "none"] = "all"
    health: Annotated[bool, Field(strict=True)] | HealthSettings = False

    @property
    def probe(self) -> HealthSettings | None:
        """How health is measured, or None where it is not."""
        return (HealthSettings() if self.health else None) if isinstance(self.health, bool) else self.health

    @model_validator(mode="after")
    def _one_way(self) -> RecordSettings:
        if self.steps is not None and "points" in self.model_fields_set:
            raise ValueError("give either `points` or `steps`, not both")
        return self
