"""Which strategy a study's `[search]` names."""

from __future__ import annotations

from pathlib import Path

from shoal.files import Folder
from shoal.study.search.database import require_database
from shoal.study.search.draws import DrawStrategy, sobol, uniform
from shoal.study.search.rounds import metric_of
from shoal.study.search.strategy import Strategy
from shoal.study.search.with_optuna import OptunaStrategy
from shoal.study.search.zoom import ZoomStrategy
from shoal.study.spec import Study
from shoal.study.spec.search import Draws, Halving, Sampled, Zoom

DATABASE = "optuna.db"


def strategy_of(study: Study, resolution: float = 0.0, folder: Path | None = None) -> Strategy:
    """The strategy of a study's search, before its first round. `resolution` is the step between scores.

    Optuna's samplers keep their trials in `folder`, or where the study says; without a folder, in memory.
    """
    settings = study.search
    if isinstance(settings, Zoom):
        return ZoomStrategy(settings, resolution)
    if isinstance(settings, Draws):
        return DrawStrategy(settings, sobol if settings.strategy == "sobol" else uniform)
    if isinstance(settings, Halving):
        return DrawStrategy(settings, sobol if settings.draw == "sobol" else uniform)
    if isinstance(settings, Sampled):
        own = None if folder is None else f"sqlite:///{folder.resolve() / DATABASE}"
        if folder is not None and settings.storage is None:
            with Folder.open(folder) as kept:
                require_database(kept, DATABASE)
        name = "search" if folder is None else folder.name
        owner = f"{folder and folder.resolve()}\n{study.text}"
        return OptunaStrategy(settings, metric_of(study), settings.storage or own, name, owner)
    raise TypeError(f"no strategy for {type(settings).__name__}")
