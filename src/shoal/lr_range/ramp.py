"""A learning-rate range test as a study: its ramp, its grid of constant rates, its smoothed loss.

A ramp keeps the configurations and seeds of the study, with its rate replaced. The grid trains a fresh
network for each rate, all rates and seeds as one population. Where a ramp has diverged is a rule on its
smoothed loss.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.errors import StudyError
from shoal.study.load import make_study
from shoal.study.settings.study import Factor, Study

SHARE = 50  # the mean reaches back about a fiftieth of the ramp
MULTIPLE = 4.0


def memory_of(steps: int) -> float:
    """The weight of what came before, w = 1 - 1 / max(1, steps / 50): over about steps / 50 batches."""
    return 1.0 - 1.0 / max(1.0, steps / SHARE)


def smooth(losses: np.ndarray, memory: float) -> np.ndarray:
    """The bias-corrected exponential mean along the last axis, in float64.

    m_t = w m_{t-1} + (1 - w) loss_t, m_{-1} = 0;  smoothed_t = m_t / (1 - w**(t + 1))
    From the first loss that is not finite on, nothing is.
    Source: Kingma and Ba (2015), Adam, section 3, for the correction.
    """
    losses = np.asarray(losses, np.float64)
    smoothed = np.empty_like(losses)
    mean = np.zeros(losses.shape[:-1])
    with np.errstate(invalid="ignore", over="ignore"):
        for t in range(losses.shape[-1]):
            mean = memory * mean + (1 - memory) * losses[..., t]
            smoothed[..., t] = mean / (1 - memory ** (t + 1))
    return smoothed


def stopping_step(losses: np.ndarray, smoothed: np.ndarray, multiple: float = MULTIPLE) -> np.ndarray:
    """The first step at which a ramp has diverged, along the last axis; the number of steps where none has.

    It has where the loss is not finite, or the smoothed loss above `multiple` times its lowest so far.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        lowest = np.fmin.accumulate(smoothed, axis=-1)
        gone = ~np.isfinite(losses) | ~np.isfinite(smoothed) | (smoothed > multiple * lowest)
    return np.where(gone.any(axis=-1), gone.argmax(axis=-1), losses.shape[-1]).astype(np.int64)


RATE = "training.learning_rate"


def grid_study(
    study: Study, low: float, high: float, count: int | None = None, scale: str = "exponential"
) -> Study:
    """The study with `count` constant rates from `low` to `high` in place of its own, trained for as long.

    Without a count there is one rate a decade. A length in cycles becomes the same length in steps.
    """
    require_rate(study)
    if not 0 < low < high < math.inf:
        raise StudyError(
            f"The grid goes from {low:g} to {high:g}; expected two rates above 0 that rise.",
            "Change --min or --max.",
        )
    count = max(2, round(math.log10(high / low)) + 1) if count is None else count
    if count < 2:
        raise StudyError(f"The grid has {count} rate; expected two or more.", "Change --steps.")
    training = {k: v for k, v in table(study, "training").items() if k not in ("learning_rate", "schedule")}
    base = study.base.training
    if base.cycles is not None:
        del training["cycles"]
        training["steps"] = round(base.cycles * 2 * getattr(base.schedule, "half_cycle", 1))
    spaced = {"log" if scale == "exponential" else "linear": [low, high], "count": count}
    raw = {**study.raw, "training": training, "vary": {**other_factors(study), RATE: spaced}}
    return make_study(raw, source="The grid of this study", folder=study.folder)


def described(grid: Study) -> str:
    """What a result of the grid says of itself: its `lr_range` attribute."""
    factor = next(factor for factor in grid.factors if factor.path == RATE)
    first, last = factor.levels[0], factor.levels[-1]
    found = {"mode": "grid", "min": first, "max": last, "steps": len(factor.levels), "dimension": factor.name}
    return json.dumps(found)


FEWEST, MOST = 100, 1000  # steps, where the caller does not say
REPLACED = ("learning_rate", "schedule", "steps", "epochs", "cycles")


@dataclass(frozen=True)
class Ramp:
    """A rate that rises over T steps, with s = t / (T - 1) at step t.

    exponential: min (max / min)**s;  linear: min + (max - min) s
    """

    min: float
    max: float
    steps: int
    scale: str = "exponential"

    def __post_init__(self) -> None:
        if self.scale not in ("exponential", "linear"):
            raise StudyError(f"The scale of the ramp is {self.scale!r}.", 'Choose "exponential" or "linear".')
        low = self.min > 0 or (self.min == 0 and self.scale == "linear")
        if not (low and self.min < self.max < np.inf):
            raise StudyError(
                f"The ramp goes from {self.min:g} to {self.max:g}; expected two rates above 0 that rise.",
                "Change --min or --max (a linear ramp may begin at 0).",
            )
        if self.steps < 2:
            raise StudyError(f"The ramp has {self.steps} step; expected two or more.", "Change --steps.")

    @property
    def rates(self) -> np.ndarray:
        """The rate at each step, (steps,)."""
        share = np.arange(self.steps) / (self.steps - 1)
        if self.scale == "linear":
            return self.min + (self.max - self.min) * share
        return self.min * (self.max / self.min) ** share

    @property
    def schedule(self) -> dict[str, Any]:
        """The same as a schedule of a study: its own exponential, or the first half cycle of a triangle."""
        last = self.steps - 1
        if self.scale == "linear":
            return {"kind": "triangular", "min": self.min, "max": self.max, "half_cycle": float(last)}
        return {"kind": "exponential", "rate": self.min, "factor": (self.max / self.min) ** (1 / last)}


def default_steps(per_epoch: int) -> int:
    """One epoch, but no fewer than 100 steps and no more than 1000."""
    return min(max(per_epoch, FEWEST), MOST)


def ramp_study(study: Study, ramp: Ramp) -> Study:
    """The study with the ramp in place of its rate and length. Factors that vary these are left out."""
    require_rate(study)
    kept = {name: value for name, value in table(study, "training").items() if name not in REPLACED}
    training = {**kept, "steps": ramp.steps, "schedule": ramp.schedule}
    record = {"points": 1, "weights": "none"}
    raw = {**study.raw, "training": training, "record": record, "vary": other_factors(study)}
    return make_study(raw, source="The ramp of this study", folder=study.folder)


def require_rate(study: Study) -> None:
    """Raises StudyError for a full-batch optimizer, which has no learning rate to look for, and a search."""
    if study.search is not None:
        raise StudyError(
            "This study has a [search], whose members are not known before it runs.",
            "Leave [search] out of a copy, with levels in [vary] of what shall vary.",
        )
    for cell in study.cells():
        if cell.settings.training.full_batch:
            raise StudyError(
                f'training.optimizer is "{cell.settings.training.optimizer_table.kind}" (cell {cell.label}), '
                "which chooses its own step lengths: it has no learning rate to look for.",
                "Name an optimizer with a rate, as sgd or adam.",
            )


def other_factors(study: Study) -> dict[str, Any]:
    """`[vary]` without what concerns the rate or the length."""
    levels = {factor.path: _without_rate(factor) for factor in study.factors}
    return {**{path: own for path, own in levels.items() if own}, "seed": list(study.seeds)}


def _without_rate(factor: Factor) -> Any:
    """A factor's levels as they would be written; nothing where it is about the rate alone."""
    kept = [path for path in factor.paths if not concerns_rate(path)]
    if not kept or factor.paths == (factor.path,):
        return list(factor.levels) if kept else None
    return {v.name: {path: v.settings[path] for path in kept if path in v.settings} for v in factor.levels}


def concerns_rate(path: str) -> bool:
    """Whether a dotted path reaches what a ramp or a grid replaces."""
    parts = path.split(".")
    return parts[0] == "training" and len(parts) > 1 and parts[1] in REPLACED


def table(study: Study, name: str) -> dict[str, Any]:
    """A table of the study as it was written."""
    found = study.raw.get(name, {})
    return dict(found) if isinstance(found, dict) else {}
