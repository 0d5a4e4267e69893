"""Successive halving inside the stack: at each rung the worst trials are dropped.

The schedule says where the rungs are and how wide the stack is from there on; the record keeps what was
measured.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from shoal.population.device_data import out_of_memory
from shoal.population.plan import Plan
from shoal.population.program import Chunk, Program
from shoal.population.progress import ProgressListener
from shoal.search.halving_stacks import Compiled, StackInTraining, narrow
from shoal.search.strategy import Metric
from shoal.study.settings.search import Halving
from shoal.training.runtime import numerics


@dataclass(frozen=True)
class HalvingSchedule:
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


def halving_schedule(settings: Halving, trials: int | None = None) -> HalvingSchedule:
    """The rungs of these settings; of fewer trials where some points came twice."""
    count, rungs = trials or settings.trials, settings.rungs
    widths = tuple(max(1, math.ceil(count / settings.reduction**k)) for k in range(rungs + 1))
    return HalvingSchedule(widths, tuple(settings.reduction ** -(rungs - k) for k in range(rungs)))


@dataclass
class HalvingRecord:
    """Curves of every trial as far as it trained (NaN beyond); trials are the cells of all programs in order.

    diverged_step (trials, seeds): -1 where it did not. trained (trials,) in steps, rung (trials,) where it
    ended, steps: those that are recorded.
    """

    trials: int
    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    curves: dict[str, np.ndarray] = field(default_factory=dict)  # (trials, seeds, record)
    seconds: float = 0.0
    seconds_compile: float = 0.0

    def __post_init__(self) -> None:
        self.diverged_step = np.full((self.trials, len(self.seeds)), -1)
        self.trained, self.rung = np.zeros(self.trials, int), np.zeros(self.trials, int)

    @property
    def broken(self) -> np.ndarray:
        """Trials of which a network diverged, (trials,)."""
        return np.any(self.diverged_step >= 0, axis=1)

    def note(
        self, rows: Sequence[int], seeds: Sequence[int], step: int, values: Mapping[str, np.ndarray]
    ) -> None:
        """What some trials with some seeds measured at a step, (trials, seeds) each.

        A loss that is no longer finite tells of divergence before the next batch does.
        """
        where = np.ix_(rows, [self.seeds.index(seed) for seed in seeds])
        for name, own in values.items():
            if name == "diverged_step":
                lost = (own < 0) & ~np.isfinite(values["train_loss"])
                self.diverged_step[where] = np.where(lost, step, own)
            else:
                shape = (*self.diverged_step.shape, len(self.steps))
                curve = self.curves.setdefault(name, np.full(shape, np.nan))
                curve[(*where, self.steps.index(step))] = own
        self.trained[list(rows)] = step

    def latest(self, name: str, trial: int) -> float:
        """The mean over seeds of a curve where a trial is now."""
        return float(np.mean(self.curves[name][trial, :, self.steps.index(int(self.trained[trial]))]))


Cell = tuple[int, int]  # program, position of the cell in it


@dataclass
class SuccessiveHalving:
    """A halving on its way. Trials are the cells of all programs in their order.

    `began` sets up lanes at the last rung that was kept and says so, or leaves the race at its start; `keep`
    keeps it after each rung.
    """

    plan: Plan
    ladder: HalvingSchedule
    metric: Metric
    watcher: ProgressListener
    began: Callable[[SuccessiveHalving, Any], bool] = lambda race, dtype: False
    keep: Callable[[SuccessiveHalving], None] = lambda race: None
    lanes: list[StackInTraining] = field(default_factory=list)
    alive: list[Cell] = field(default_factory=list)
    compiled: Compiled = field(default_factory=dict)
    rung: int = 0

    def __post_init__(self) -> None:
        steps = sorted({step for program in self.plan.programs for step in self.ladder.record(program)})
        cells = sum(len(program.cells) for program in self.plan.programs)
        self.found = HalvingRecord(cells, tuple(self.plan.study.seeds), tuple(steps))

    def run(self) -> HalvingRecord:
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
        self.lanes = [
            StackInTraining(chunk, len(chunk.cells), dtype, self.compiled) for chunk in self.plan.chunks
        ]
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
                    lane.advance(targets[part], lambda steps, own=own: self.watcher.on_steps(own, steps, {}))
                    self._note(lane, targets[part])
            self._leave_diverged()
        self.found.rung[[self.at(cell) for cell in self.alive]] = self.rung

    def at(self, cell: Cell) -> int:
        """The trial of a cell."""
        return sum(len(p.cells) for p in self.plan.programs[: cell[0]]) + cell[1]

    def _targets(self, lane: StackInTraining) -> list[int]:
        """Where a lane records on its way to this rung."""
        program = lane.chunk.program
        ends = (0, *self.ladder.rungs(program.steps))
        low, high = ends[self.rung], ends[self.rung + 1]
        return [step for step in self.ladder.record(program) if low < step <= high]

    def _counting(self, lane: StackInTraining) -> Chunk:
        """A lane's chunk, of the trials that are still in the race."""
        return replace(lane.chunk, cells=tuple(c for c in lane.cells if (lane.program, c) in self.alive))

    def _note(self, lane: StackInTraining, step: int) -> None:
        record, cells = lane.measure(), self._counting(lane).cells
        own = [lane.cells.index(cell) for cell in cells]
        values = {name: value[own] for name, value in lane.by_cell(record).items()}
        self.found.note([self.at((lane.program, cell)) for cell in cells], lane.seeds, step, values)
        self.watcher.on_steps(lane.chunk, 0, record)

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
        groups: dict[tuple[int, tuple[int, ...]], list[StackInTraining]] = defaultdict(list)
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
            lanes += narrow(own, parts, widths) if narrower and parts else own if parts else []
        self.lanes = lanes
        self.found.seconds_compile += time.perf_counter() - began


def with_rungs(plan: Plan, ladder: HalvingSchedule) -> Plan:
    """The plan with a record at every rung, each chunk a team by itself."""
    programs = {p.index: replace(p, record=ladder.record(p)) for p in plan.programs}
    chunks = tuple(replace(c, program=programs[c.program.index]) for c in plan.chunks)
    return replace(plan, programs=tuple(programs.values()), chunks=chunks, teams=tuple((c,) for c in chunks))
