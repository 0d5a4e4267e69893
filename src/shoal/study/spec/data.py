"""`[data]`: what goes in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shoal.study.spec.base import Amount, Table


class DataSettings(Table):
    """Which examples a network sees, how they are divided and how they are scaled.

    `train`, `validation` and `test` are counts (whole numbers) or fractions (below 1). Without a
    published test set, `test` is held out of the training examples. The split belongs to `split_seed`
    and not to the members' seeds: all members of a study see the same split.
    """

    name: str = "digits"
    train: Amount | None = None
    validation: Amount = 0.1
    test: Amount | None = None
    split_seed: Annotated[int, Field(ge=0, strict=True)] = 0
    stratify: Annotated[bool, Field(strict=True)] = False
    standardize: Literal["feature", "channel", "mean_image", "range", "none"] = "feature"
