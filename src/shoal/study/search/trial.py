"""One point of a search and what its networks came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shoal.study.spec.levels import level_label

Point = dict[str, Any]  # a value for each path of search.over


@dataclass(frozen=True)
class Metric:
    """What trials are ranked by: a variable of the result, and whether more of it is better."""

    name: str
    higher_is_better: bool

    @property
    def words(self) -> str:
        """validation accuracy, validation loss."""
        return self.name.replace("_", " ")

    def merit(self, mean: float) -> float:
        """A number that is higher for what is better; minus infinity for NaN."""
        if np.isnan(mean):
            return -np.inf
        return mean if self.higher_is_better else -mean


ACCURACY = Metric("validation_accuracy", True)
LOSS = Metric("validation_loss", False)


@dataclass(frozen=True)
class Trial:
    """A point, trained with every seed of the search.

    scores (seeds,): the metric where training ended; of a diverged network its last accuracy, which is
    chance or worse, or an infinite loss. diverged_step (seeds,): -1 where it did not. `steps` is how far it
    trained, `rung` the rung of a halving at which it ended. curve (seeds, record) belongs to record_steps.
    """

    number: int
    round: int
    point: Point
    metric: Metric
    scores: np.ndarray
    diverged_step: np.ndarray
    steps: int
    curve: np.ndarray = field(repr=False)
    record_steps: tuple[int, ...] = field(repr=False)
    rung: int = 0

    @property
    def mean(self) -> float:
        """The mean score over seeds."""
        return float(np.mean(self.scores))

    @property
    def merit(self) -> float:
        """By which trials are ranked: higher is better."""
        return self.metric.merit(self.mean)

    @property
    def diverged(self) -> int:
        """How many of its networks diverged."""
        return int((self.diverged_step >= 0).sum())

    @property
    def label(self) -> str:
        """The values of its point, which tell it from every other."""
        return point_label(self.point)


def point_label(point: Point) -> str:
    """For people, and to know a point that came before: training.l2 = 0.001, network.batch_norm = true."""
    return ", ".join(f"{path} = {level_label(value)}" for path, value in point.items())


def ranked(trials: list[Trial]) -> list[Trial]:
    """The best first; of equals the one that came first."""
    return sorted(trials, key=lambda trial: (-trial.merit, trial.number))
