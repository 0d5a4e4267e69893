"""Trains one chunk from its first step to its last, recording on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shoal.study.device import out_of_memory, to_device
from shoal.study.memory import block_examples
from shoal.study.placed import Data
from shoal.study.population import Population, Stack
from shoal.study.probe import probe
from shoal.study.program import Chunk, Program
from shoal.study.who import Who, cells_first, measured_together, who_columns, who_of
from shoal.training.runtime import numerics

SECONDS_A_CALL = 0.5  # between two looks at the keyboard and the progress bar

Report = Callable[[int, dict[str, np.ndarray]], None]


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


def train_chunk(chunk: Chunk, report: Report = lambda steps, values: None) -> ChunkResult:
    """Train and measure every member of a chunk. `report` hears of steps done and of the curves' values.

    Raises DeviceError where the device has no memory for it. KeyboardInterrupt passes through.
    """
    program = chunk.program
    with numerics(program.settings.training.precision) as dtype, out_of_memory(chunk):
        began = time.perf_counter()
        who = who_of(chunk, dtype)
        data = to_device(program, who, dtype)
        columns = who_columns(chunk)
        stack = Stack(program, columns, block_examples(program, measured_together(chunk)), dtype)
        compiled = compile_stack(stack, who, data)
        seconds_compile = time.perf_counter() - began
        records, population = _train(compiled, who, data, program, report)
        finals = jax.device_get(compiled["finish"](population, who, data))
        weights = jax.device_get(compiled["unstack"](population.members))
        rates = np.asarray(compiled["rates"](who))
    order = cells_first(chunk)
    return ChunkResult(
        chunk,
        {name: np.stack([order(record[name]) for record in records], axis=-1) for name in records[0]},
        {name: order(value) for name, value in finals.items()},
        rates if not program.settings.training.shared_order else rates[:: len(chunk.seeds)],
        {f"{layer}.{name}": order(value) for layer, own in weights.items() for name, value in own.items()},
        time.perf_counter() - began,
        seconds_compile,
    )


def compile_stack(stack: Stack, who: Who, data: Data) -> dict[str, Any]:
    """Every function of the stack for these shapes; the population's memory is reused from step to step."""
    step = jax.ShapeDtypeStruct((), jnp.int32)
    population = jax.eval_shape(stack.start, who)
    functions = {
        "start": jax.jit(stack.start).lower(who).compile(),
        "advance": jax.jit(stack.advance, donate_argnums=0)
        .lower(population, who, data, step, step)
        .compile(),
        "measure": jax.jit(partial(stack.measure, at_end=False)).lower(population, who, data).compile(),
        "finish": jax.jit(partial(stack.measure, at_end=True)).lower(population, who, data).compile(),
        "rates": jax.jit(stack.rates).lower(who).compile(),
        "unstack": jax.jit(stack.unstacked).lower(population.members).compile(),
    }
    if stack.program.settings.record.probe:
        functions["health"] = jax.jit(partial(probe, stack)).lower(population, who, data, step).compile()
    return functions


def _train(
    compiled: dict[str, Any], who: Who, data: Data, program: Program, report: Report
) -> tuple[list[dict[str, np.ndarray]], Population]:
    population = compiled["start"](who)
    records = []
    at, stride = 0, 1
    for target in program.record:
        while at < target:
            began = time.perf_counter()
            steps = min(stride, target - at)
            bounds = jnp.int32(at), jnp.int32(at + steps)
            population = compiled["advance"](population, who, data, *bounds)
            jax.block_until_ready(population.members.diverged_step)
            at += steps
            spent = time.perf_counter() - began
            report(steps, {})
            if steps == stride and spent < SECONDS_A_CALL / 2:
                stride *= 2
            elif spent > 2 * SECONDS_A_CALL:
                stride = max(1, stride // 2)
        records.append(jax.device_get(compiled["measure"](population, who, data)))
        report(0, records[-1])
        if "health" in compiled:
            records[-1] |= jax.device_get(compiled["health"](population, who, data, jnp.int32(target)))
    return records, population
