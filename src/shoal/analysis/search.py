"""What the path of a search says: trials with intervals, and the winner's curse measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from shoal.analysis.factors import Factor, json_attribute
from shoal.statistics.intervals import CONFIDENCE, Interval, mean_interval


@dataclass(frozen=True)
class Searched:
    """One trial: its place in the record, its number, and what became of it."""

    at: int
    number: int
    round: int
    rung: int
    steps: int
    score: Interval
    status: str
    reason: str


@dataclass(frozen=True)
class Confirmed:
    """A finalist's score in the search and with fresh seeds. `excess` is the first less the second: for the
    trial that a search chose it is the winner's curse, positive where the search flattered it (of a loss:
    negative)."""

    trial: Searched
    fresh: Interval
    excess: Interval


@dataclass(frozen=True)
class SearchPath:
    """A search: its settings as kept, its factors, its trials in the order in which they were trained."""

    dataset: xr.Dataset
    settings: dict[str, Any]
    factors: tuple[Factor, ...]
    trials: tuple[Searched, ...]

    @property
    def higher_is_better(self) -> bool:
        """Whether scores are accuracies."""
        return str(self.settings["metric"]).endswith("accuracy")

    @property
    def best(self) -> Searched:
        """The trial that the search chose, of those so far."""
        return next(trial for trial in self.trials if trial.status == "best")

    @property
    def rounds(self) -> int:
        """Rounds that were run."""
        return len(self.settings["rounds_run"])

    def values(self, factor: Factor) -> np.ndarray:
        """A factor's value of every trial."""
        return np.asarray(self.dataset[factor.name].values)

    @property
    def means(self) -> np.ndarray:
        """The mean score of every trial; NaN where a loss is infinite."""
        means = np.array([trial.score.mean for trial in self.trials])
        return np.where(np.isfinite(means), means, np.nan)

    def confirmed(self) -> list[Confirmed]:
        """The finalists in the order of the search; none before the final comparison."""
        found = []
        for number in self.settings["finalists_chosen"]:
            trial = next(trial for trial in self.trials if trial.number == number)
            fresh = self.dataset["fresh_score"].values[trial.at]
            if fresh.size and np.isfinite(fresh).all():
                step = float(self.settings["resolution"])
                first = self.dataset["score"].values[trial.at]
                found.append(
                    Confirmed(trial, mean_interval(fresh, resolution=step), unpaired(first, fresh, step))
                )
        return found


def search_path(dataset: xr.Dataset) -> SearchPath:
    """The path of a search from its record (search.nc)."""
    settings = json_attribute(dataset, "search")
    scores, step = dataset["score"].values, float(settings["resolution"])
    columns = ("trial", "round", "rung", "steps", "status", "reason")
    rows = zip(*(dataset[name].values.tolist() for name in columns), strict=True)
    with np.errstate(invalid="ignore"):  # the loss of what diverged is infinite
        trials = tuple(
            Searched(at, number, own, rung, steps, mean_interval(scores[at], resolution=step), status, reason)
            for at, (number, own, rung, steps, status, reason) in enumerate(rows)
        )
    return SearchPath(dataset, settings, _factors(dataset, settings), trials)


def _factors(dataset: xr.Dataset, settings: dict[str, Any]) -> tuple[Factor, ...]:
    found = []
    for name, path in settings["factors"].items():
        levels = tuple(dict.fromkeys(dataset[name].values.tolist()))
        label = path.split(".", 1)[-1].replace("_", " ").replace(".", " ")
        label = {"l2": "L2", "pca": "PCA"}.get(label) or label
        found.append(Factor(name, path, label, str(dataset[name].attrs["scale"]), levels))
    return tuple(found)


def unpaired(first: Any, second: Any, resolution: float = 0.0) -> Interval:
    """mean(first) - mean(second) of independent samples, with Welch's interval.

    (m1 - m2) +- t(f, (1+confidence)/2) sqrt(v1 + v2), v = s^2 / n, f = (v1 + v2)^2 / (v1^2 / (n1 - 1) +
    v2^2 / (n2 - 1)). `resolution` bounds variances from below as in `t_intervals`. Without two values on
    either side there is no interval. Source: Welch (1947), The generalization of Student's problem.
    """
    first, second = (np.asarray(values, np.float64) for values in (first, second))
    mean = float(first.mean() - second.mean())
    n = min(len(first), len(second))
    if n < 2 or not np.isfinite(mean):
        return Interval(mean, np.nan, np.nan, n)
    floor = max(resolution**2 / 12, 1e-300)
    v1, v2 = (max(float(values.var(ddof=1)), floor) / len(values) for values in (first, second))
    freedom = (v1 + v2) ** 2 / (v1**2 / (len(first) - 1) + v2**2 / (len(second) - 1))
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2) * np.sqrt(v1 + v2))
    return Interval(mean, mean - half, mean + half, n)
