"""The rungs of a halving: where the worst are dropped, and how wide the stack is from there on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shoal.study.plan import Plan
from shoal.study.program import Program
from shoal.study.spec.search import Halving


@dataclass(frozen=True)
class Ladder:
    """After share `at[k]` of the training the best `widths[k + 1]` of `widths[k]` trials go on.

    at = reduction^-(K - k), widths[k] = ceil(trials / reduction^k), k = 0 .. K.
    Source: Jamieson & Talwalkar (2016), Non-stochastic best arm identification and hyperparameter
    optimization, algorithm 1 (successive halving), with budgets that grow as the widths shrink.
    """

    widths: tuple[int, ...]
    at: tuple[float, ...]

    def rungs(self, steps: int) -> tuple[int, ...]:
        """The step of each rung in a training of so many, and its end."""
        return (*(max(1, round(share * steps)) for share in self.at), steps)

    def record(self, program: Program) -> tuple[int, ...]:
        """Where a program records: where its study says, and at every rung."""
        return tuple(sorted({*program.record, *self.rungs(program.steps)}))

    def width(self, alive: int) -> int:
        """The narrowest of the planned widths that holds so many: few programs are compiled."""
        return min((width for width in self.widths if width >= alive), default=alive)

    def network_steps(self, plan: Plan) -> int:
        """Steps of all members, the planned numbers of which go on from rung to rung."""
        cells, total = sum(len(program.cells) for program in plan.programs), 0.0
        for program in plan.programs:
            ends = (0, *self.rungs(program.steps))
            spent = sum(w * (b - a) for w, a, b in zip(self.widths, ends, ends[1:], strict=False))
            total += spent * len(program.cells) / cells * len(program.seeds)
        return round(total)


def ladder_of(settings: Halving, trials: int | None = None) -> Ladder:
    """The rungs of these settings; of fewer trials where some points came twice."""
    count, rungs = trials or settings.trials, settings.rungs
    widths = tuple(max(1, math.ceil(count / settings.reduction**k)) for k in range(rungs + 1))
    return Ladder(widths, tuple(settings.reduction ** -(rungs - k) for k in range(rungs)))
