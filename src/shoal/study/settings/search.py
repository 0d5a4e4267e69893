"""`[search]`: which members train next, chosen by what the ones before came to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shoal.study.settings.base import Count, Number, SettingsTable
from shoal.study.settings.levels import MOST_LEVELS

Choices = tuple[Any, ...]
Several = Annotated[int, Field(ge=2, le=MOST_LEVELS, strict=True)]
DrawSeed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]


class Range(SettingsTable):
    """Every number from the first to the last, even in ratios (`log`) or in steps (`linear`)."""

    log: tuple[Number, Number] | None = None
    linear: tuple[Number, Number] | None = None

    @model_validator(mode="after")
    def _one_range(self) -> Range:
        if (self.log is None) == (self.linear is None):
            raise ValueError("give exactly one range: `log = [lowest, highest]` or `linear = [...]`")
        if self.log is not None and min(self.log) <= 0:
            raise ValueError(f"a log range needs two positive ends; {list(self.log)} came")
        if self.ends[0] >= self.ends[1]:
            raise ValueError(f"the range {list(self.ends)} is empty; expected [lowest, highest]")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number."""
        return self.log or self.linear or (0.0, 0.0)

    @property
    def is_log(self) -> bool:
        """Whether equal ratios are equally far apart."""
        return self.log is not None


class SearchSettings(SettingsTable):
    """What every strategy shares.

    `over` maps dotted paths to ranges or to lists of choices. The `finalists` best are trained again with
    `confirm` seeds that the search has not seen.
    """

    over: dict[str, Range | Choices]
    confirm: Count = 5
    finalists: Count = 3


class Zoom(SearchSettings):
    """Coarse to fine over one or two ranges: `levels` in each, then as many between the neighbours of the
    `keep` best, `rounds` times at most."""

    strategy: Literal["zoom"]
    rounds: Count = 3
    levels: Several = 8
    keep: Count = 2

    @model_validator(mode="after")
    def _one_or_two_ranges(self) -> Zoom:
        if len(self.over) > 2:
            raise ValueError(
                f"a zoom is over one or two factors; {len(self.over)} came. Take sobol or random for more"
            )
        for path, own in self.over.items():
            if not isinstance(own, Range):
                raise ValueError(f'a zoom needs a range for "{path}", as {{ log = [1e-5, 1e-1] }}')
        if self.keep >= self.levels:
            raise ValueError(f"keep = {self.keep} of {self.levels} levels; keep fewer than there are")
        return self


class Draws(SearchSettings):
    """Draws from the ranges, all trained as one population: evenly at random, or by a Sobol sequence."""

    strategy: Literal["random", "sobol"]
    trials: Several = 32
    draw_seed: DrawSeed = 0


class Halving(SearchSettings):
    """Successive halving: `trials` draws begin, and at each of `rungs` rungs one of `reduction` goes on."""

    strategy: Literal["halving"]
    trials: Several = 32
    reduction: Annotated[int, Field(ge=2, le=100, strict=True)] = 2
    rungs: Annotated[int, Field(ge=1, le=20, strict=True)] = 3
    draw: Literal["random", "sobol"] = "sobol"
    draw_seed: DrawSeed = 0

    @model_validator(mode="after")
    def _someone_is_left(self) -> Halving:
        if self.reduction**self.rungs > self.trials:
            raise ValueError(
                f"{self.trials} trials cannot be divided by {self.reduction} at {self.rungs} rungs; take "
                "more trials or fewer rungs"
            )
        return self


class Sampled(SearchSettings):
    """A sampler of Optuna's, asked for `population` points at a time, `rounds` times. `storage` is the URL
    of a database for Optuna to write the trials into; by default a file of the run folder."""

    strategy: Literal["tpe", "gp", "cma-es"]
    rounds: Count = 4
    population: Several = 16
    draw_seed: DrawSeed = 0
    storage: Annotated[str, Field(min_length=1, strict=True)] | None = None

    @model_validator(mode="after")
    def _two_ranges(self) -> Sampled:
        if self.strategy == "cma-es" and (
            len(self.over) < 2 or not all(isinstance(own, Range) for own in self.over.values())
        ):
            raise ValueError("cma-es needs two ranges or more and no lists of choices; take tpe or gp here")
        return self


STRATEGIES: dict[str, type[SearchSettings]] = {
    "zoom": Zoom,
    **dict.fromkeys(("random", "sobol"), Draws),
    "halving": Halving,
    **dict.fromkeys(("tpe", "gp", "cma-es"), Sampled),
}
