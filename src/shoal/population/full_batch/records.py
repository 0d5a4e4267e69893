"""Records of minimizations at evenly spaced iterations, whose number is not known in advance.

Networks of a program end after different numbers of iterations; their records are brought to common ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shoal.population.plan import Plan
from shoal.population.program import Program
from shoal.population.train import ChunkResult

Measure = Callable[[np.ndarray], dict[str, np.ndarray]]


class IterationRecorder:
    """Records at every `stride`-th iteration, which doubles where more than twice `points` would be held.

    So at least `points` records remain, where there were as many iterations, and at most twice as many.
    With `steps` given, exactly these. The start and the last iteration are always among them.
    """

    def __init__(self, measure: Measure, points: int, steps: Sequence[int] | None) -> None:
        self._measure, self._points, self._steps = measure, points, steps
        self.records: dict[int, dict[str, np.ndarray]] = {}
        self.stride = 1

    def at(self, iteration: int, x: np.ndarray) -> dict[str, np.ndarray]:
        """Measure the iterate x where it belongs to the records; what was measured, or nothing."""
        wanted = iteration in self._steps if self._steps is not None else iteration % self.stride == 0
        if not wanted and iteration > 0:
            return {}
        self.records[iteration] = self._measure(x)
        if self._steps is None and len(self.records) > 2 * self._points + 1:
            self.stride *= 2
            self.records = {k: found for k, found in self.records.items() if k % self.stride == 0}
        return self.records.get(iteration, {})

    def end(self, iteration: int, x: np.ndarray) -> None:
        """Measure where the minimization ended, which may be elsewhere than its last iterate."""
        self.records[iteration] = self._measure(x)

    def curves(self) -> tuple[tuple[int, ...], dict[str, Any]]:
        """The recorded iterations, and each curve with them last, (1, 1, records)."""
        at = tuple(sorted(self.records))
        names = self.records[at[0]]
        return at, {name: np.stack([self.records[k][name] for k in at], axis=-1) for name in names}


def align_records(plan: Plan, results: Sequence[ChunkResult]) -> tuple[Plan, list[ChunkResult]]:
    """The plan and its results with one `record` for each full-batch program.

    It reaches to the iteration at which the last member ended. A member that ended before stays where it is:
    its last values stand at every later record. One that was interrupted has no values there.
    """
    programs = {program.index: _settled(program, results) for program in plan.programs}
    chunks = tuple(replace(c, program=programs[c.program.index]) for c in plan.chunks)
    moved = [_moved(result, programs[result.chunk.program.index]) for result in results]
    return replace(plan, programs=tuple(programs.values()), chunks=chunks), moved


def _settled(program: Program, results: Sequence[ChunkResult]) -> Program:
    own = [r.chunk.program.record for r in results if r.chunk.program.index == program.index]
    if not program.full_batch or not own:
        return program
    shared = set.intersection(*({*at, *range(at[-1], _last(own) + 1)} for at in own))
    every = {step for at in own for step in at} | {_last(own)}
    return replace(program, record=tuple(sorted(shared & every)), steps=max(_last(own), 1))


def _last(records: Sequence[Sequence[int]]) -> int:
    return max(at[-1] for at in records)


def _moved(result: ChunkResult, program: Program) -> ChunkResult:
    if not program.full_batch:
        return result
    own, record = result.chunk.program.record, np.array(program.record)
    at = np.searchsorted(own, record, side="right") - 1
    known = (record <= own[-1]) | result.finished
    return replace(
        result,
        chunk=replace(result.chunk, program=program),
        curves={name: np.where(known, values[..., at], np.nan) for name, values in result.curves.items()},
        rates=np.full((1, len(program.record)), np.nan),
    )
