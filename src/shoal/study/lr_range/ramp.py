"""A study whose rate is a ramp: the same cells and seeds, but for what the ramp replaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.errors import StudyError
from shoal.study.load import make_study
from shoal.study.spec import Study
from shoal.study.spec.study import Factor

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
