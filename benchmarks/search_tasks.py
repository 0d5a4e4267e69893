"""The searches that are compared: three layers with batch norm on CIFAR-10, L2 x maximum rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shoal.search.halving import halving_schedule
from shoal.study.settings.search import Halving

OVER = {
    "training.l2": {"log": [1e-5, 1e-1]},
    "training.schedule.max": {"log": [1e-3, 1.0]},
}
BUDGET = 50  # trainings to the end that each search may spend, with every seed
RUNGS: dict[str, Any] = {"reduction": 2, "rungs": 3}
FIRST_SEED = 1000  # of the searches: the final comparison has seeds 0, 1, ..., the same for everybody
MEMBERS = 64  # of the race against the clock


@dataclass(frozen=True)
class Sizes:
    """How much is trained. Steps are a multiple of eight, so that rungs are where curves are recorded."""

    steps: int
    seeds: int
    train: int
    validation: int
    batch: int = 100
    confirm: int = 5

    @property
    def budget(self) -> int:
        """Network-steps that each search may spend."""
        return BUDGET * self.seeds * self.steps


def strategies(repeat: int) -> dict[str, dict[str, Any]]:
    """Every strategy within the budget, with a draw of its own in each repeat."""
    return {
        "grid": {"strategy": "zoom", "rounds": 1, "levels": 7},
        "zoom": {"strategy": "zoom", "rounds": 2, "levels": 5, "keep": 2},
        "random": {"strategy": "random", "trials": BUDGET, "draw_seed": repeat},
        "halving": {"strategy": "halving", "trials": most_trials(BUDGET), **RUNGS, "draw_seed": repeat},
        "tpe": {"strategy": "tpe", "population": BUDGET // 5, "rounds": 5, "draw_seed": repeat},
    }


def race(repeat: int) -> dict[str, dict[str, Any]]:
    """The same points, trained to the end and halved."""
    draw = {"trials": MEMBERS, "draw_seed": repeat}
    return {
        "to the end": {"strategy": "sobol", **draw},
        "halving": {"strategy": "halving", "draw": "sobol", **RUNGS, **draw},
    }


def most_trials(budget: int) -> int:
    """The most trials that a halving can begin with for so many trainings to the end."""
    count = RUNGS["reduction"] ** RUNGS["rungs"]
    while cost(count + 1) <= budget:
        count += 1
    return count


def cost(trials: int) -> float:
    """What a halving costs, in trainings to the end."""
    ladder = halving_schedule(Halving(strategy="halving", trials=trials, over={}, **RUNGS))
    ends = (0.0, *ladder.at, 1.0)
    return sum(width * (b - a) for width, a, b in zip(ladder.widths, ends, ends[1:], strict=False))


def study_of(search: dict[str, Any], sizes: Sizes, repeat: int) -> dict[str, Any]:
    """A search as a study."""
    first = FIRST_SEED + repeat * sizes.seeds
    return {
        "data": {
            "name": "cifar10",
            "train": sizes.train,
            "validation": sizes.validation,
            "standardize": "feature",
        },
        "network": {"hidden": [50, 50], "initial": "he_normal", "batch_norm": True},
        "training": {
            "batch_size": sizes.batch,
            "steps": sizes.steps,
            "schedule": {"kind": "triangular", "min": 1e-5, "max": 0.1, "half_cycle": sizes.steps // 4},
        },
        "record": {"points": 4, "training_examples": 1000, "weights": "none"},
        "vary": {"seed": list(range(first, first + sizes.seeds))},
        "search": {**search, "over": OVER, "finalists": 1, "confirm": sizes.confirm},
    }
