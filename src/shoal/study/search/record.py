"""search.nc: every trial of a search as a labelled array."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from shoal.study.results import coordinate_of
from shoal.study.search.history import History
from shoal.study.search.rounds import metric_of
from shoal.study.spec import Factor
from shoal.study.spec.levels import level_label
from shoal.study.spec.paths import dimension_names
from shoal.study.spec.search import Range


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
