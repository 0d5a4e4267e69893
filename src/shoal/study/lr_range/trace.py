"""One pass of a chunk under a ramp, the loss of every batch kept; ends when every member has diverged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from shoal.study.device import out_of_memory, to_device
from shoal.study.lr_range.smoothing import memory_of, smooth, stopping_step
from shoal.study.memory import block_examples
from shoal.study.placed import Data
from shoal.study.population import Population, Stack
from shoal.study.program import Chunk
from shoal.study.who import Who, cells_first, measured_together, who_columns, who_of
from shoal.training.runtime import numerics

LOOKS = 20  # times at which it is seen whether every member has diverged


@dataclass(frozen=True)
class Trace:
    """What a chunk's ramp gave: the losses of batches, (cells, seeds, steps), NaN where none was taken."""

    chunk: Chunk
    losses: np.ndarray
    seconds: float
    seconds_compile: float


def trace_chunk(chunk: Chunk, report: Callable[[int, dict[str, np.ndarray]], None]) -> Trace:
    """Train every member of a chunk under its ramp. `report` hears of steps done."""
    program = chunk.program
    with numerics(program.settings.training.precision) as dtype, out_of_memory(chunk):
        began = time.perf_counter()
        who = who_of(chunk, dtype)
        data = to_device(program, who, dtype)
        stack = Stack(program, who_columns(chunk), block_examples(program, measured_together(chunk)), dtype)
        population = jax.jit(stack.start)(who)
        losses = jnp.full((program.steps, *population.members.loss.shape), jnp.nan, dtype)
        step = jax.ShapeDtypeStruct((), jnp.int32)

        def advance(now: Population, losses: Array, who: Who, data: Data, first: Array, last: Array) -> Any:
            def body(step: Array, carry: tuple[Population, Array]) -> tuple[Population, Array]:
                after = stack.one_step(carry[0], who, data, step)
                return after, carry[1].at[step].set(after.members.loss)

            return lax.fori_loop(first, last, body, (now, losses))

        compiled = jax.jit(advance, donate_argnums=(0, 1)).lower(population, losses, who, data, step, step)
        compiled = compiled.compile()
        seconds_compile = time.perf_counter() - began
        at, stride = 0, -(-program.steps // LOOKS)
        while at < program.steps:
            last = min(at + stride, program.steps)
            population, losses = compiled(population, losses, who, data, jnp.int32(at), jnp.int32(last))
            so_far = np.moveaxis(np.asarray(losses[:last]), 0, -1)
            report(last - at, {})
            at = last
            if _all_diverged(so_far, program.steps):
                report(program.steps - at, {})
                break
        order = cells_first(chunk)
        found = order(np.moveaxis(np.asarray(losses), 0, -1))
    return Trace(chunk, found, time.perf_counter() - began, seconds_compile)


def _all_diverged(losses: np.ndarray, steps: int) -> bool:
    smoothed = smooth(losses, memory_of(steps))
    return bool((stopping_step(losses, smoothed) < losses.shape[-1]).all())
