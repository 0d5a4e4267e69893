"""Searches over tiny networks, and trials that were never trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from shoal.data.inputs import Loader
from shoal.population.progress import NullListener
from shoal.search.loop import SearchResult, run_search
from shoal.search.strategy import ACCURACY, Metric, Trial
from shoal.study.load import make_study
from shoal.study.settings.levels import Variant
from shoal.study.settings.study import Study
from small_studies import blobs, raw_study

L2 = {"training.l2": {"log": [1e-4, 1.0]}}


def search_study(seeds: int = 2, **search: Any) -> Study:
    """A search over the small study of the tests; a zoom over L2 unless it says otherwise."""
    table = {"strategy": "zoom", "over": L2, **search}
    return make_study(raw_study(vary={"seed": seeds}, search=table))


def trial(
    number: int, point: dict[str, Any], scores: Any, metric: Metric = ACCURACY, diverged: int = 0
) -> Trial:
    """A trial with these scores, of which so many networks diverged."""
    scores = np.asarray(scores, float)
    steps = np.where(np.arange(len(scores)) < diverged, 3, -1)
    return Trial(number, 0, point, metric, scores, steps, 10, scores[:, None], (10,))


def untrained(score: Callable[..., float], diverged: Callable[..., bool] = lambda **point: False) -> Any:
    """In place of training: a round's result whose scores are a function of the point (and of its seed)."""

    def train(study: Study, folder: Path | None) -> xr.Dataset:
        names, seeds = [factor.name for factor in study.factors], study.seeds
        name = "validation_loss" if study.base.data.is_function else "validation_accuracy"
        values = np.empty((*study.shape, len(seeds), 2))
        steps = np.full((*study.shape, len(seeds)), -1)
        for cell in study.cells():
            point = {}
            for path, level in cell.levels.items():
                point |= level.settings if isinstance(level, Variant) else {path: level}
            point = {path.split(".")[-1]: value for path, value in point.items()}
            values[cell.index] = [[0.1, score(**point, seed=seed)] for seed in seeds]
            steps[cell.index] = 3 if diverged(**point) else -1
        return xr.Dataset(
            {
                name: ((*names, "seed", "step"), values),
                "diverged_step": ((*names, "seed"), steps),
                "epoch": ((*names, "step"), np.zeros((*study.shape, 2))),
            },
            coords={"step": [0, 6], "seed": list(seeds)},
            attrs={"status": "complete", "seconds_total": 1.0, "seconds_compile": 0.5},
        )

    return train


def searched(study: Study, train: Any) -> SearchResult:
    """The search with something in place of training."""
    return run_search(study, None, Loader(dataset=blobs()), NullListener(), train)
