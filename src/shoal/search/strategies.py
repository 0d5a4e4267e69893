"""The strategies by name; random points and grids, which learn nothing from each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shoal.folder import Folder
from shoal.search.database import require_database
from shoal.search.rounds import metric_of
from shoal.search.strategy import Point, RoundDecision, Strategy, Trial, points_of
from shoal.search.with_optuna import OptunaStrategy
from shoal.search.zoom import ZoomStrategy
from shoal.study.settings.search import Draws, Halving, Sampled, Zoom
from shoal.study.settings.study import Study


@dataclass
class DrawStrategy:
    """All points of a draw at once. `draw(seed, count, factors)` gives rows of the unit cube."""

    settings: Draws | Halving
    draw: Callable[[int, int, int], np.ndarray]
    asked: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """One round of all trials."""
        return (self.settings.trials,)

    def ask(self) -> list[Point]:
        """The draw, then nothing."""
        if self.asked:
            return []
        self.asked = True
        own = self.settings
        return points_of(own.over, self.draw(own.draw_seed, own.trials, len(own.over)))

    def close(self) -> None:
        """Nothing is held open."""

    def tell(self, trials: Sequence[Trial]) -> RoundDecision:
        """Nothing follows."""
        own = self.settings
        kind = own.draw if isinstance(own, Halving) else own.strategy
        name = "a scrambled Sobol sequence" if kind == "sobol" else "a uniform draw"
        words = f"{len(trials)} points of {name} (draw_seed = {own.draw_seed})."
        return _ended(trials, words) if isinstance(own, Halving) else RoundDecision(words=words)


def _ended(trials: Sequence[Trial], words: str) -> RoundDecision:
    """Where the trials of a halving ended."""
    last = max(trial.rung for trial in trials)
    sound = [trial for trial in trials if not trial.diverged]
    dropped = {t.number: f"dropped at rung {t.rung + 1}" for t in sound if t.rung < last}
    counts = [sum(t.rung == rung for t in sound) for rung in range(last + 1)]
    at = ", ".join(f"{count} at rung {rung + 1}" for rung, count in enumerate(counts[:-1]) if count)
    left = f" {gone} left because a network diverged." if (gone := len(trials) - len(sound)) else ""
    words += f" Dropped: {at or 'none'}; {counts[-1]} trained to the end.{left}"
    return RoundDecision(frozenset(t.number for t in sound if t.rung == last), dropped, words)


def uniform(seed: int, count: int, factors: int) -> np.ndarray:
    """Independent uniform numbers (count, factors), of NumPy's PCG64."""
    return np.random.default_rng(seed).random((count, factors))


def sobol(seed: int, count: int, factors: int) -> np.ndarray:
    """The first `count` points (count, factors) of a scrambled Sobol sequence.

    Source: Owen (1998), Scrambling Sobol' and Niederreiter-Xing points; scipy.stats.qmc.Sobol.
    """
    from scipy.stats import qmc

    power = int(np.ceil(np.log2(count)))  # a sequence is balanced at powers of two: draw one and cut
    return qmc.Sobol(factors, scramble=True, rng=seed).random_base2(power)[:count]


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
