"""`[record]`: what is written down, and when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shoal.study.spec.base import Count, Table


class RecordSettings(Table):
    """When the curves are recorded: `points` evenly spaced times, or exactly at `steps`.

    The first (untrained) and the last step are always recorded. Training curves are measured on the first
    `training_examples` examples of the training split, validation curves on the whole validation split.
    `weights` keeps the final weights of every member, of the best cell's members, or of none.
    """

    points: Annotated[int, Field(gt=0, le=10_000, strict=True)] = 20
    steps: tuple[Annotated[int, Field(ge=0, strict=True)], ...] | None = None
    training_examples: Count | Literal["all"] = 10_000
    weights: Literal["all", "best", "none"] = "all"

    @model_validator(mode="after")
    def _one_way(self) -> RecordSettings:
        if self.steps is not None and "points" in self.model_fields_set:
            raise ValueError("give either `points` or `steps`, not both")
        return self
