"""Successive halving inside the stack: at each rung the worst are dropped and the stack is made narrower."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from shoal.study.device import out_of_memory
from shoal.study.plan import Plan
from shoal.study.program import Chunk
from shoal.study.search.halved import Halved
from shoal.study.search.rungs import Ladder
from shoal.study.search.stacks import Compiled, Lane, recut
from shoal.study.search.trial import Metric
from shoal.study.watching import Watcher
from shoal.training.runtime import numerics

Cell = tuple[int, int]  # program, position of the cell in it


@dataclass
class Race:
    """A halving on its way. Trials are the cells of all programs in their order.

    `began` sets up lanes at the last rung that was kept and says so, or leaves the race at its start; `keep`
    keeps it after each rung.
    """

    plan: Plan
    ladder: Ladder
    metric: Metric
    watcher: Watcher
    began: Callable[[Race, Any], bool] = lambda race, dtype: False
    keep: Callable[[Race], None] = lambda race: None
    lanes: list[Lane] = field(default_factory=list)
    alive: list[Cell] = field(default_factory=list)
    compiled: Compiled = field(default_factory=dict)
    rung: int = 0

    def __post_init__(self) -> None:
        steps = sorted({step for program in self.plan.programs for step in self.ladder.record(program)})
        cells = sum(len(program.cells) for program in self.plan.programs)
        self.found = Halved(cells, tuple(self.plan.study.seeds), tuple(steps))

    def run(self) -> Halved:
        """From the first step, or the last rung that was kept, to the end."""
        found, began = self.found, time.perf_counter()
        precision = self.plan.programs[0].settings.training.precision
        with numerics(precision) as dtype, out_of_memory(*self.plan.chunks):
            if not self.began(self, dtype):
                self._start(dtype)
            before = found.seconds
            found.seconds_compile += time.perf_counter() - began
            while True:
                self._to_rung()
                found.seconds = before + time.perf_counter() - began
                if self.rung + 1 == len(self.ladder.widths):
                    return found
                self.rung += 1
                self._drop(self.ladder.widths[self.rung])
                self.keep(self)

    def _start(self, dtype: Any) -> None:
        self.alive = [(p.index, i) for p in self.plan.programs for i in range(len(p.cells))]
        self.lanes = [Lane(chunk, len(chunk.cells), dtype, self.compiled) for chunk in self.plan.chunks]
        for lane in self.lanes:
            self._note(lane, 0)

    def _to_rung(self) -> None:
        for lane in self.lanes:
            now, chunk = int(lane.population.step), self._counting(lane)
            ahead = replace(chunk.program, steps=self.ladder.rungs(chunk.program.steps)[self.rung] - now)
            self.watcher.chunk_started(replace(chunk, program=ahead))
        for part in range(max(len(self._targets(lane)) for lane in self.lanes)):
            for lane in self.lanes:
                if part < len(targets := self._targets(lane)):
                    own = self._counting(lane)
                    lane.advance(targets[part], lambda steps, own=own: self.watcher.advanced(own, steps, {}))
                    self._note(lane, targets[part])
            self._leave_diverged()
        self.found.rung[[self.at(cell) for cell in self.alive]] = self.rung

    def at(self, cell: Cell) -> int:
        """The trial of a cell."""
        return sum(len(p.cells) for p in self.plan.programs[: cell[0]]) + cell[1]

    def _targets(self, lane: Lane) -> list[int]:
        """Where a lane records on its way to this rung."""
        program = lane.chunk.program
        ends = (0, *self.ladder.rungs(program.steps))
        low, high = ends[self.rung], ends[self.rung + 1]
        return [step for step in self.ladder.record(program) if low < step <= high]

    def _counting(self, lane: Lane) -> Chunk:
        """A lane's chunk, of the trials that are still in the race."""
        return replace(lane.chunk, cells=tuple(c for c in lane.cells if (lane.program, c) in self.alive))

    def _note(self, lane: Lane, step: int) -> None:
        record, cells = lane.measure(), self._counting(lane).cells
        own = [lane.cells.index(cell) for cell in cells]
        values = {name: value[own] for name, value in lane.by_cell(record).items()}
        self.found.note([self.at((lane.program, cell)) for cell in cells], lane.seeds, step, values)
        self.watcher.advanced(lane.chunk, 0, record)

    def _leave_diverged(self) -> None:
        """Diverged trials leave at once; where all have diverged, all stay."""
        broken = self.found.broken
        left = [cell for cell in self.alive if not broken[self.at(cell)]]
        if left and len(left) < len(self.alive):
            gone = [self.at(cell) for cell in self.alive if broken[self.at(cell)]]
            self.found.rung[gone] = self.rung
            self.alive = left
            self._cut()

    def _drop(self, width: int) -> None:
        """The best go on; of equals the first."""
        merits = {
            cell: self.metric.merit(self.found.latest(self.metric.name, self.at(cell))) for cell in self.alive
        }
        self.alive = sorted(sorted(self.alive, key=lambda cell: -merits[cell])[:width])
        self._cut()

    def _cut(self) -> None:
        """Planned widths for those who are left, wherever that makes lanes narrower or fewer."""
        groups: dict[tuple[int, tuple[int, ...]], list[Lane]] = defaultdict(list)
        for lane in self.lanes:
            groups[lane.program, lane.seeds].append(lane)
        began, lanes = time.perf_counter(), []
        for (index, seeds), own in groups.items():
            cells = [cell for program, cell in self.alive if program == index]
            most = max(len(c.cells) for c in self.plan.chunks if (c.program.index, c.seeds) == (index, seeds))
            count = -(-len(cells) // most)
            parts = [part.tolist() for part in np.array_split(np.array(cells, int), count)] if cells else []
            widths = [min(self.ladder.width(len(part)), most) for part in parts]
            narrower = sum(widths) < sum(len(lane.chunk.cells) for lane in own)
            lanes += recut(own, parts, widths) if narrower and parts else own if parts else []
        self.lanes = lanes
        self.found.seconds_compile += time.perf_counter() - began


def with_rungs(plan: Plan, ladder: Ladder) -> Plan:
    """The plan with a record at every rung, each chunk a team by itself."""
    programs = {p.index: replace(p, record=ladder.record(p)) for p in plan.programs}
    chunks = tuple(replace(c, program=programs[c.program.index]) for c in plan.chunks)
    return replace(plan, programs=tuple(programs.values()), chunks=chunks, teams=tuple((c,) for c in chunks))
