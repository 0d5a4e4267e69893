"""Trains the chunks of a team from their first step to their last, recording on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from shoal.population.device_data import out_of_memory
from shoal.population.members import cells_first
from shoal.population.program import Chunk
from shoal.population.signals import deferred
from shoal.population.team import CompiledTraining, Like, Records
from shoal.training.runtime import numerics

SECONDS_A_CALL = 0.5  # between two looks at the keyboard and the progress bar

Report = Callable[[Chunk, int, dict[str, np.ndarray]], None]


@dataclass(frozen=True)
class ChunkResult:
    """What a chunk measured, with cells first: finals (cells, seeds, ...), curves (cells, seeds, record) and,
    where health is measured, among the curves (cells, seeds, layers, record) or (..., quantiles, record).

    `finished` is False for what was interrupted on its way and holds what was measured until then.
    """

    chunk: Chunk
    curves: dict[str, np.ndarray]
    finals: dict[str, np.ndarray]
    rates: np.ndarray
    weights: dict[str, np.ndarray]
    seconds: float
    seconds_compile: float
    finished: bool = True


def train_chunk(chunk: Chunk) -> ChunkResult:
    """Train and measure every member of a chunk by itself."""
    return train_team([chunk])[0]


def train_team(
    chunks: Sequence[Chunk],
    report: Report = lambda chunk, steps, values: None,
    checkpoints: Checkpointer | None = None,
) -> list[ChunkResult]:
    """Train and measure every member of chunks that train together. `report` hears of steps done and of the
    curves' values. The seconds of a team are divided among its chunks.

    It goes on from the last of `checkpoints` and writes them on the way, one more where Ctrl-C ends it.
    Raises DeviceError where the device has no memory for it. KeyboardInterrupt passes through.
    """
    keep = checkpoints or NoCheckpoints()
    with numerics(chunks[0].program.settings.training.precision) as dtype, out_of_memory(*chunks):
        began = time.perf_counter()
        team = CompiledTraining(chunks, dtype)
        seconds_compile = time.perf_counter() - began
        found = keep.restore(team.kept_like)
        now = (
            Progress(team.start())
            if found is None
            else replace(found, population=team.place(found.population))
        )
        try:
            _train(team, now, report, keep)
            ends = team.finish(now.population), team.weights(now.population), team.rates()
        except KeyboardInterrupt:
            keep.save(now, wait=True)
            raise
        keep.settle()
    seconds = now.spent + seconds_compile
    shares = seconds / len(chunks), seconds_compile / len(chunks)
    records = zip(*now.records, strict=True)
    return [
        _result(chunk, list(own), *end, *shares)
        for chunk, own, end in zip(chunks, records, zip(*ends, strict=True), strict=True)
    ]


def _train(team: CompiledTraining, now: Progress, report: Report, keep: Checkpointer) -> None:
    """Take `now` to the last step. At every moment at which Ctrl-C is heard it is whole."""
    at, stride = now.step, 1
    for target in team.program.record[len(now.records) :]:
        while at < target:
            began = time.perf_counter()
            steps = min(stride, target - at)
            at += steps
            with deferred():
                now.population = team.advance(now.population, at)
            spent = time.perf_counter() - began
            for chunk in team.chunks:
                report(chunk, steps, {})
            if keep.due():
                keep.save(now)
            if steps == stride and spent < SECONDS_A_CALL / 2:
                stride *= 2
            elif spent > 2 * SECONDS_A_CALL:
                stride = max(1, stride // 2)
        measured = team.measure(now.population)
        for chunk, values in zip(team.chunks, measured, strict=True):
            report(chunk, 0, values)
        now.records.append([a | b for a, b in zip(measured, team.health(now.population), strict=True)])


def _result(
    chunk: Chunk,
    records: Sequence[dict[str, np.ndarray]],
    finals: dict[str, np.ndarray],
    weights: Any,
    rates: np.ndarray,
    seconds: float,
    seconds_compile: float,
) -> ChunkResult:
    order = cells_first(chunk)
    shared = chunk.program.settings.training.shared_order
    return ChunkResult(
        chunk,
        {name: np.stack([order(record[name]) for record in records], axis=-1) for name in records[0]},
        {name: order(value) for name, value in finals.items()},
        rates[:: len(chunk.seeds)] if shared else rates,
        {f"{layer}.{name}": order(value) for layer, own in weights.items() for name, value in own.items()},
        seconds,
        seconds_compile,
    )


@dataclass
class Progress:
    """Where a team stands: its population, on the device or on the host, and the records of each chunk at
    every recorded step so far. `seconds` were spent before `since`, by earlier processes."""

    population: Any
    records: list[Records] = field(default_factory=list)
    seconds: float = 0.0
    since: float = field(default_factory=time.perf_counter)

    @property
    def step(self) -> int:
        """Steps that are done."""
        return int(self.population.step)

    @property
    def spent(self) -> float:
        """Seconds of training by all processes, without compiling."""
        return self.seconds + time.perf_counter() - self.since


class Checkpointer(Protocol):
    """Keeps the progress of one team."""

    def restore(self, like: Callable[[], Like]) -> Progress | None:
        """Where the team stood when it was kept last; None for a team that begins. `like()` is asked where
        something was kept."""

    def due(self) -> bool:
        """Whether it is time to save."""
        ...

    def save(self, progress: Progress, wait: bool = False) -> None:
        """Copy the progress now, and write it: meanwhile training may go on, but for `wait`."""

    def settle(self) -> None:
        """Wait for what is being written. Raises RunError where it could not be."""


class NoCheckpoints:
    """Keeps nothing: a training without a folder."""

    def restore(self, like: Callable[[], Like]) -> Progress | None:
        return None

    def due(self) -> bool:
        return False

    def save(self, progress: Progress, wait: bool = False) -> None: ...

    def settle(self) -> None: ...
