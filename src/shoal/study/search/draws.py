"""Draws that learn nothing from each other: one round, trained as one population."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shoal.study.search.space import points_of
from shoal.study.search.strategy import Verdict
from shoal.study.search.trial import Point, Trial
from shoal.study.spec.search import Draws


@dataclass
class DrawStrategy:
    """All points of a draw at once. `draw(seed, count, factors)` gives rows of the unit cube."""

    settings: Draws
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

    def tell(self, trials: Sequence[Trial]) -> Verdict:
        """Nothing follows."""
        own = self.settings
        name = "a scrambled Sobol sequence" if own.strategy == "sobol" else "a uniform draw"
        return Verdict(words=f"{len(trials)} points of {name} (draw_seed = {own.draw_seed}).")


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
