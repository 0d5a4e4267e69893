"""The grid: a fresh network for each rate, all rates and seeds as one population."""

from __future__ import annotations

import json
import math

from shoal.errors import StudyError
from shoal.study.load import make_study
from shoal.study.lr_range.ramp import other_factors, require_rate, table
from shoal.study.spec import Study

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
