"""Trains one chunk from its first step to its last, recording on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shoal.errors import DeviceError
from shoal.study.draw import draw_data
from shoal.study.inputs import Inputs, part_or_none
from shoal.study.memory import block_examples
from shoal.study.points import Points
from shoal.study.population import Data, Population, Stack, Who
from shoal.study.probe import probe
from shoal.study.program import Chunk, Program
from shoal.study.spec.paths import leaves
from shoal.training.measure import Scale, Split
from shoal.training.randomness import seed_key
from shoal.training.runtime import numerics

SECONDS_A_CALL = 0.5  # between two looks at the keyboard and the progress bar

Report = Callable[[int, dict[str, np.ndarray]], None]


@dataclass(frozen=True)
class ChunkResult:
    """What a chunk measured, with cells first: finals (cells, seeds, ...), curves (cells, seeds, record) and,
    where health is measured, among the curves (cells, seeds, layers, record) or (..., quantiles, record)."""

    chunk: Chunk
    curves: dict[str, np.ndarray]
    finals: dict[str, np.ndarray]
    rates: np.ndarray
    weights: dict[str, np.ndarray]
    seconds: float
    seconds_compile: float


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


def to_device(program: Program, who: Who, dtype: Any) -> Data:
    """The data set on the device, inputs as they came. It travels once for all chunks of a program.

    Points of a function are drawn there, for each seed from its key.
    """
    curve = program.settings.record.training_examples
    if isinstance(program.inputs, Points):
        return draw_data(program.inputs, who.order_keys, curve, dtype)
    return _to_device(program.inputs, curve, dtype)


_ON_DEVICE: dict[Any, tuple[Inputs, Data]] = {}


def _to_device(inputs: Inputs, curve: int | str, dtype: Any) -> Data:
    key = (id(inputs), curve, str(dtype))
    if key not in _ON_DEVICE:
        _ON_DEVICE.clear()  # one data set at a time
        splits, scaling = inputs.splits, inputs.scaling

        def place(part: Any) -> Split | None:
            part = part_or_none(part)
            return (
                None
                if part is None
                else Split(_narrow(part.inputs, dtype), jnp.asarray(part.labels, jnp.int32))
            )

        train = place(splits.train)
        assert train is not None
        measured = train if curve == "all" else Split(train.inputs[:curve], train.labels[:curve])
        scale = Scale(jnp.asarray(scaling.offset, dtype), jnp.asarray(scaling.scale, dtype))
        _ON_DEVICE[key] = (inputs, Data(train, measured, place(splits.validation), place(splits.test), scale))
    return _ON_DEVICE[key][1]


def _narrow(values: np.ndarray, dtype: Any) -> Any:
    return jnp.asarray(values if values.dtype == np.uint8 else values.astype(dtype))


def who_columns(chunk: Chunk) -> int:
    """Members that share their batches: the cells of a seed, or everyone."""
    return chunk.members if chunk.program.settings.training.shared_order else len(chunk.cells)


def measured_together(chunk: Chunk) -> int:
    """Members that are measured at the same time: a row, or all where every row has data of its own."""
    return chunk.members if chunk.program.inputs.drawn else who_columns(chunk)


def who_of(chunk: Chunk, dtype: Any) -> Who:
    """The members of a chunk: their traced values, and the keys of their seeds."""
    program, seeds = chunk.program, chunk.seeds
    each = [leaves(program.cells[c].settings)[0] for c in chunk.cells]
    shared = program.settings.training.shared_order
    times = len(seeds) if shared else 1
    values = {p: jnp.asarray(np.repeat([one[p] for one in each], times), dtype) for p in program.traced}
    keys = jax.vmap(seed_key)(jnp.asarray(seeds, jnp.uint32))
    if not shared:
        return Who(values, keys, keys)
    first = jax.vmap(seed_key)(jnp.asarray(program.seeds[:1], jnp.uint32))
    return Who(values, jnp.tile(keys, len(each)), first)


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


def cells_first(chunk: Chunk) -> Callable[[np.ndarray], np.ndarray]:
    """From (rows, columns, ...) to (cells, seeds, ...)."""
    cells, seeds = len(chunk.cells), len(chunk.seeds)

    def order(value: Any) -> np.ndarray:
        value = np.asarray(value)
        if chunk.program.settings.training.shared_order:
            return value.reshape(cells, seeds, *value.shape[2:])
        return np.swapaxes(value, 0, 1)

    return order


class out_of_memory(AbstractContextManager[None]):
    """Turns the device's own out-of-memory error into one with a remedy."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, MemoryError) or (error is not None and "RESOURCE_EXHAUSTED" in str(error)):
            raise DeviceError(
                f"The device has no memory for chunk {self.chunk.index}: {self.chunk.members} members, "
                f"about {self.chunk.bytes / 2**20:,.0f} MiB.",
                "Give a smaller budget with --memory, so that fewer members are stacked.",
            ) from None
