"""What a strategy is: asked for points, told what they came to.

Ranges and choices form a unit cube. A trial is a point of it and what its networks came to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from shoal.study.settings.levels import level_label
from shoal.study.settings.search import Range

DIGITS = 6  # significant ones of every value that a search tries: labels show as many


def rounded(value: float) -> float:
    """A value as it is tried and written down."""
    return float(f"{value:.{DIGITS}g}")


def place(own: Range, share: float) -> float:
    """The number at a share (0 to 1) of a range."""
    return between(own, *own.ends, share)


def between(own: Range, low: float, high: float, share: float) -> float:
    """The number at a share of the way from low to high, on the range's scale."""
    if own.is_log:
        value = math.exp(math.log(low) * (1 - share) + math.log(high) * share)
    else:
        value = low * (1 - share) + high * share
    return min(max(rounded(value), own.ends[0]), own.ends[1])


def points_of(over: Mapping[str, Any], cube: np.ndarray) -> list[Point]:
    """The points at rows of a unit cube (n, factors): a choice is an equal part of its side."""
    return [
        {path: _value(own, float(u)) for (path, own), u in zip(over.items(), row, strict=True)}
        for row in cube
    ]


def _value(own: Range | Sequence[Any], share: float) -> Any:
    if isinstance(own, Range):
        return place(own, share)
    return own[min(int(share * len(own)), len(own) - 1)]


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


Ranges = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class RoundDecision:
    """What a strategy makes of a round: which trials it keeps, why the others are dropped, and in words
    what comes next. `ranges` are those of the next round, where it has any."""

    kept: frozenset[int] = frozenset()
    dropped: dict[int, str] = field(default_factory=dict)
    words: str = ""
    ranges: Ranges = field(default_factory=dict)


class Strategy(Protocol):
    """Chooses points, a population at a time. The same answers always follow from what it was told."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """The most points of each round; its length is the most rounds."""
        ...

    def ask(self) -> list[Point]:
        """The points of the next round; none when the search is over."""
        ...

    def close(self) -> None:
        """Let go of what it holds open."""
        ...

    def tell(self, trials: Sequence[Trial]) -> RoundDecision:
        """Hear of the trials of the points that were asked for, in their order."""
        ...
