"""A search's history: its trials, round by round, and its final comparison.

search.nc holds every trial as a labelled array.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from shoal.results.arrays import coordinate_of
from shoal.search.rounds import metric_of
from shoal.search.strategy import Point, RoundDecision, Trial, point_label, ranked
from shoal.study.settings.base import dimension_names
from shoal.study.settings.levels import level_label
from shoal.study.settings.search import Range
from shoal.study.settings.study import Factor, Study


def search_dataset(history: History, complete: bool) -> xr.Dataset:
    """The path of a search: a dimension `trial`, its factors as coordinates, scores of every seed.

    `complete` is False while it goes on and where it was interrupted.
    """
    study, trials = history.study, history.trials
    metric = metric_of(study)
    steps = sorted({step for trial in trials for step in trial.record_steps})
    where = {step: i for i, step in enumerate(steps)}
    curves = np.full((len(trials), len(study.seeds), len(steps)), np.nan)
    for i, trial in enumerate(trials):
        curves[i][:, [where[step] for step in trial.record_steps]] = trial.curve
    fresh = np.full((len(trials), len(history.fresh_seeds)), np.nan)
    for i, trial in enumerate(trials):
        if trial.number in history.fresh:
            fresh[i] = history.fresh[trial.number]
    statuses = [history.status(trial) for trial in trials]
    units = {"units": "1" if metric.higher_is_better else "nat"}
    each, own = ("trial", "seed"), ("trial",)
    return xr.Dataset(
        {
            "score": (each, _stack([t.scores for t in trials]), {"long_name": metric.words, **units}),
            "curve": ((*each, "step"), curves, {"long_name": metric.words, **units}),
            "diverged_step": (each, _stack([t.diverged_step for t in trials]), {"long_name": "step, or -1"}),
            "round": (own, [t.round for t in trials], {"long_name": "round, from 0"}),
            "rung": (own, [t.rung for t in trials], {"long_name": "rung at which it ended, from 0"}),
            "steps": (own, [t.steps for t in trials], {"long_name": "training steps"}),
            "status": (own, np.array([s for s, _ in statuses], object), {"long_name": "what became of it"}),
            "reason": (own, np.array([r for _, r in statuses], object), {"long_name": "why"}),
            "fresh_score": (
                ("trial", "fresh_seed"),
                fresh,
                {"long_name": f"{metric.words} with fresh seeds", **units},
            ),
        },
        coords={
            "trial": (own, [t.number for t in trials]),
            "seed": ("seed", np.array(study.seeds)),
            "fresh_seed": ("fresh_seed", np.array(history.fresh_seeds, int)),
            "step": ("step", steps, {"long_name": "training step"}),
            **_factors(history),
        },
        attrs={
            "question": study.question,
            "study": study.text,
            "status": "complete" if complete else "interrupted",
            "search": json.dumps(described(history)),
        },
    )


def _stack(values: list[np.ndarray]) -> np.ndarray:
    return np.stack(values)


def _factors(history: History) -> dict[str, Any]:
    search = history.study.search
    assert search is not None
    found = {}
    for path, name in zip(search.over, names_of(history), strict=True):
        values = [trial.point[path] for trial in history.trials]
        own = search.over[path]
        if isinstance(own, Range):
            scale = "log" if own.is_log else "linear"
            attrs = {"path": path, "long_name": path, "units": "1", "scale": scale}
            found[name] = ("trial", np.array(values, float), attrs)
        else:
            levels, attrs = coordinate_of(Factor(path, name, tuple(values)))
            found[name] = ("trial", levels, {**attrs, "scale": "category"})
    return found


def names_of(history: History) -> tuple[str, ...]:
    """The factors' names as coordinates: the last part of their paths, unless two would be the same."""
    search = history.study.search
    assert search is not None
    taken = {"score", "curve", "round", "rung", "steps", "status", "reason", "trial"}
    names = dimension_names(list(search.over))
    return tuple(f"factor_{name}" if name in taken else name for name in names)


def described(history: History) -> dict[str, Any]:
    """The search in plain values: its settings, what each round decided, what it cost."""
    search = history.study.search
    assert search is not None
    finalists = history.finalists
    return {
        **search.model_dump(mode="json"),
        "metric": metric_of(history.study).name,
        "resolution": history.resolution,
        "factors": dict(zip(names_of(history), search.over, strict=True)),
        "rounds_run": [
            {
                "trials": [trial.number for trial in own.trials],
                "kept": sorted(own.verdict.kept),
                "ranges": {path: list(ends) for path, ends in own.verdict.ranges.items()},
                "words": own.verdict.words,
                "network_steps": own.network_steps,
                "seconds": round(own.seconds, 3),
                "seconds_compile": round(own.seconds_compile, 3),
            }
            for own in history.rounds
        ],
        "finalists_chosen": [trial.number for trial in finalists],
        "best": {path: level_label(value) for path, value in finalists[0].point.items()},
        "network_steps": sum(own.network_steps for own in history.rounds) + history.fresh_steps,
        "network_steps_confirm": history.fresh_steps,
    }


@dataclass
class Round:
    """One round: the trials that it asked for (some may be of earlier rounds), what followed, its cost."""

    trials: list[Trial]
    verdict: RoundDecision
    network_steps: int
    seconds: float
    seconds_compile: float


@dataclass
class History:
    """Every trial of a search, in the order in which they were trained."""

    study: Study
    resolution: float = 0.0  # the step between possible scores
    trials: list[Trial] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    fresh: dict[int, np.ndarray] = field(default_factory=dict)  # scores with fresh seeds, by trial
    fresh_seeds: tuple[int, ...] = ()
    fresh_steps: int = 0

    def find(self, point: Point) -> Trial | None:
        """The trial of this very point, where there was one: it would train to the same again."""
        label = point_label(point)
        return next((trial for trial in self.trials if trial.label == label), None)

    @property
    def finalists(self) -> list[Trial]:
        """The best trials that go to the final comparison: those that trained to the end without diverging,
        unless there are none."""
        last = max(trial.rung for trial in self.trials)
        sound = [trial for trial in self.trials if not trial.diverged and trial.rung == last]
        search = self.study.search
        assert search is not None
        return ranked(sound or self.trials)[: search.finalists]

    def status(self, trial: Trial) -> tuple[str, str]:
        """What became of a trial, and why: best, finalist, kept, dropped or diverged."""
        finalists = [one.number for one in self.finalists]
        if trial.number == finalists[0]:
            return "best", "the best score of the search"
        if trial.number in finalists:
            return "finalist", f"rank {finalists.index(trial.number) + 1}"
        if trial.diverged:
            first = int(trial.diverged_step[trial.diverged_step >= 0].min())
            many = f"{trial.diverged} of {len(trial.scores)} networks"
            return "diverged", f"{many} diverged, the first at step {first:,}"
        why = next(
            (r.verdict.dropped[trial.number] for r in self.rounds if trial.number in r.verdict.dropped), ""
        )
        if why:
            return "dropped", why
        if any(trial.number in round_.verdict.kept for round_ in self.rounds):
            return "kept", "among the best of its round"
        rank = [one.number for one in ranked(self.trials)].index(trial.number) + 1
        return "dropped", f"rank {rank} of {len(self.trials)}"
