"""Trains the chunks of a team from their first step to their last, recording on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.study.compiled import CompiledTeam, Records
from shoal.study.device import out_of_memory
from shoal.study.program import Chunk
from shoal.study.team import Population
from shoal.study.who import cells_first
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
    chunks: Sequence[Chunk], report: Report = lambda chunk, steps, values: None
) -> list[ChunkResult]:
    """Train and measure every member of chunks that train together. `report` hears of steps done and of the
    curves' values. The seconds of a team are divided among its chunks.

    Raises DeviceError where the device has no memory for it. KeyboardInterrupt passes through.
    """
    with numerics(chunks[0].program.settings.training.precision) as dtype, out_of_memory(*chunks):
        began = time.perf_counter()
        team = CompiledTeam(chunks, dtype)
        seconds_compile = time.perf_counter() - began
        records, population = _train(team, report)
        ends = team.finish(population), team.weights(population), team.rates()
    seconds = time.perf_counter() - began
    shares = seconds / len(chunks), seconds_compile / len(chunks)
    return [
        _result(chunk, list(own), *end, *shares)
        for chunk, own, end in zip(chunks, zip(*records, strict=True), zip(*ends, strict=True), strict=True)
    ]


def _train(team: CompiledTeam, report: Report) -> tuple[list[Records], Population]:
    """What was measured at each recorded step, and the population in the end."""
    population = team.start()
    records = []
    at, stride = 0, 1
    for target in team.program.record:
        while at < target:
            began = time.perf_counter()
            steps = min(stride, target - at)
            at += steps
            population = team.advance(population, at)
            spent = time.perf_counter() - began
            for chunk in team.chunks:
                report(chunk, steps, {})
            if steps == stride and spent < SECONDS_A_CALL / 2:
                stride *= 2
            elif spent > 2 * SECONDS_A_CALL:
                stride = max(1, stride // 2)
        measured = team.measure(population)
        for chunk, values in zip(team.chunks, measured, strict=True):
            report(chunk, 0, values)
        records.append([a | b for a, b in zip(measured, team.health(population), strict=True)])
    return records, population


def _result(
    chunk: Chunk,
    records: Records,
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
