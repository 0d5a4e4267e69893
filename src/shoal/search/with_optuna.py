"""Optuna's samplers, asked for a population at a time, in Optuna's own storage."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.errors import RunError, StudyError
from shoal.search.database import answering
from shoal.search.strategy import Metric, Point, RoundDecision, Trial, ranked, rounded
from shoal.study.settings.levels import level_label
from shoal.study.settings.search import Range, Sampled

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial as Asked


NEEDS = {  # package, and how to install it
    "tpe": (("optuna", "pip install 'shoal[search]'"),),
    "gp": (("optuna", "pip install 'shoal[search]'"), ("torch", "pip install torch")),
    "cma-es": (("optuna", "pip install 'shoal[search]'"), ("cmaes", "pip install cmaes")),
}
OWNER = "shoal"  # the attribute of a study in the storage that says which search it belongs to


def require_packages(strategy: str) -> None:
    """Raises StudyError where a package that the strategy needs is not installed."""
    for package, remedy in NEEDS[strategy]:
        if importlib.util.find_spec(package) is None:
            raise StudyError(
                f'search.strategy = "{strategy}" needs the package {package}, which is not installed.', remedy
            )


class OptunaStrategy:
    """A sampler of Optuna: `population` points a round, `rounds` rounds.

    The storage begins empty and the sampler's seed is fixed, so the same answers lead to the same questions:
    a search that goes on is played again from its first round. `owner` tells one search's entry in a shared
    storage from another's.
    """

    def __init__(self, settings: Sampled, metric: Metric, storage: str | None, name: str, owner: str) -> None:
        require_packages(settings.strategy)
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.settings, self.metric, self.round = settings, metric, 0
        self._storage = _open(storage)
        self._where = storage or "its storage"
        self._name = name
        self._asked: list[Asked] = []
        self._best: list[Trial] = []
        with answering(self._where):
            self._study = self._begin(owner)
        self._space = {path: _distribution(own) for path, own in settings.over.items()}

    def _begin(self, owner: str) -> Any:
        import optuna

        mark = hashlib.sha256(owner.encode()).hexdigest()
        if self._name in optuna.get_all_study_names(self._storage):
            kept = optuna.load_study(study_name=self._name, storage=self._storage, sampler=_random())
            if kept.user_attrs.get(OWNER) != mark:
                raise RunError(
                    f'The storage already holds a study named "{self._name}", of something else.',
                    "Choose another folder with --out (its name names the study), or another storage.",
                )
            optuna.delete_study(study_name=self._name, storage=self._storage)
        made = optuna.create_study(
            storage=self._storage,
            sampler=sampler_of(self.settings),
            study_name=self._name,
            direction="maximize" if self.metric.higher_is_better else "minimize",
        )
        made.set_user_attr(OWNER, mark)
        return made

    @property
    def sizes(self) -> tuple[int, ...]:
        """A population each round."""
        return (self.settings.population,) * self.settings.rounds

    def ask(self) -> list[Point]:
        """A population, each point chosen knowing which others of it are on their way."""
        if self.round == self.settings.rounds:
            return []
        with answering(self._where):
            self._asked = [self._study.ask(self._space) for _ in range(self.settings.population)]
        return [self._point(asked) for asked in self._asked]

    def _point(self, asked: Asked) -> Point:
        point: Point = {}
        for path, own in self.settings.over.items():
            value = asked.params[path]
            if isinstance(own, Range):
                point[path] = min(max(rounded(value), own.ends[0]), own.ends[1])
            else:
                point[path] = next(choice for choice in own if level_label(choice) == value)
        return point

    def tell(self, trials: Sequence[Trial]) -> RoundDecision:
        """Each trial's mean score, and those of its seeds as an attribute; an infinite loss has failed."""
        from optuna.trial import TrialState

        with answering(self._where):
            for asked, trial in zip(self._asked, trials, strict=True):
                asked.set_user_attr("trial", trial.number)
                asked.set_user_attr("scores", json.loads(json.dumps(np.asarray(trial.scores).tolist())))
                if np.isfinite(trial.mean):
                    self._study.tell(asked, trial.mean)
                else:
                    self._study.tell(asked, state=TrialState.FAIL)
        self.round += 1
        best = ranked([*trials])[0]
        before = ranked(self._best)[:1]
        self._best = ranked([*self._best, *trials])[:1]
        better = not before or best.merit > before[0].merit
        said = "the best so far" if better else "no better than before"
        words = f"{len(trials)} points; the best of them is {said} ({best.label})."
        return RoundDecision(frozenset({best.number}), {}, words)

    def close(self) -> None:
        """Let go of the storage."""
        engine = getattr(self._storage, "engine", None) or getattr(
            getattr(self._storage, "_backend", None), "engine", None
        )
        if engine is not None:
            self._storage.remove_session()
            engine.dispose()


def sampler_of(settings: Sampled) -> BaseSampler:
    """The sampler of these settings. The first population is drawn at random, but for CMA-ES."""
    from optuna import samplers

    seed, first = settings.draw_seed, settings.population
    if settings.strategy == "tpe":
        return samplers.TPESampler(seed=seed, n_startup_trials=first, constant_liar=True)
    if settings.strategy == "gp":
        return samplers.GPSampler(seed=seed, n_startup_trials=first)
    return samplers.CmaEsSampler(seed=seed, popsize=first, n_startup_trials=1)


def _random() -> BaseSampler:
    from optuna.samplers import RandomSampler

    return RandomSampler()


def _open(storage: str | None) -> Any:
    """Optuna's storage at a URL, or in memory. Raises StudyError where it cannot be opened."""
    from optuna import storages

    if storage is None:
        return storages.InMemoryStorage()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return storages.RDBStorage(storage)
    except Exception as error:  # SQLAlchemy's and the database driver's own kinds
        raise StudyError(
            f"search.storage = {storage!r} cannot be opened: {str(error).splitlines()[0]}",
            'Give a URL of SQLAlchemy\'s, as "sqlite:///searches.db".',
        ) from None


def _distribution(own: Any) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if isinstance(own, Range):
        return FloatDistribution(*own.ends, log=own.is_log)
    return CategoricalDistribution([level_label(choice) for choice in own])
