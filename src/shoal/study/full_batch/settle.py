"""Common recorded iterations for the members of a program, each of which ended when its own method did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shoal.study.plan import Plan
from shoal.study.program import Program
from shoal.study.train import ChunkResult


def settled(plan: Plan, results: Sequence[ChunkResult]) -> tuple[Plan, list[ChunkResult]]:
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
