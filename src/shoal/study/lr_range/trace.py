"""One pass of a team under a ramp, the loss of every batch kept; ends when every member has diverged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from shoal.study.device import out_of_memory, to_device
from shoal.study.lr_range.smoothing import memory_of, smooth, stopping_step
from shoal.study.placed import Data
from shoal.study.population import stack_of
from shoal.study.program import Chunk
from shoal.study.team import Population, Team
from shoal.study.train import Report
from shoal.study.who import Who, cells_first, who_of
from shoal.training.runtime import numerics

LOOKS = 20  # times at which it is seen whether every member has diverged


@dataclass(frozen=True)
class Trace:
    """What a chunk's ramp gave: the losses of batches, (cells, seeds, steps), NaN where none was taken."""

    chunk: Chunk
    losses: np.ndarray
    seconds: float
    seconds_compile: float


def trace_team(chunks: Sequence[Chunk], report: Report) -> list[Trace]:
    """Train every member of chunks that train together under their ramp. `report` hears of steps done."""
    program = chunks[0].program
    with numerics(program.settings.training.precision) as dtype, out_of_memory(*chunks):
        began = time.perf_counter()
        who = tuple(who_of(chunk, dtype) for chunk in chunks)
        data = to_device(program, who[0], dtype)
        team = Team([stack_of(chunk, dtype) for chunk in chunks])
        population = jax.jit(team.start)(who)
        losses = [jnp.full((program.steps, *m.loss.shape), jnp.nan, dtype) for m in population.members]

        def advance(now: Population, losses: list[Array], who: Sequence[Who], data: Data, last: Array) -> Any:
            def body(carry: tuple[Population, list[Array]]) -> tuple[Population, list[Array]]:
                before, losses = carry
                after = team.one_step(before, who, data)
                losses = [
                    own.at[before.step].set(members.loss)
                    for own, members in zip(losses, after.members, strict=True)
                ]
                return after, losses

            return lax.while_loop(lambda carry: carry[0].step < last, body, (now, losses))

        last = jax.ShapeDtypeStruct((), jnp.int32)
        compiled = jax.jit(advance, donate_argnums=(0, 1)).lower(population, losses, who, data, last)
        compiled = compiled.compile()
        seconds_compile = time.perf_counter() - began
        at, stride = 0, -(-program.steps // LOOKS)
        while at < program.steps:
            steps = min(stride, program.steps - at)
            at += steps
            population, losses = compiled(population, losses, who, data, jnp.int32(at))
            over = all(_all_diverged(np.asarray(own[:at]), program.steps) for own in losses)
            for chunk in chunks:
                report(chunk, program.steps - at + steps if over else steps, {})
            if over:
                break
        found = [_cells_first(chunk, own) for chunk, own in zip(chunks, losses, strict=True)]
    shares = (time.perf_counter() - began) / len(chunks), seconds_compile / len(chunks)
    return [Trace(chunk, own, *shares) for chunk, own in zip(chunks, found, strict=True)]


def _cells_first(chunk: Chunk, losses: Array) -> np.ndarray:
    return cells_first(chunk)(np.moveaxis(np.asarray(losses), 0, -1))


def _all_diverged(losses: np.ndarray, steps: int) -> bool:
    """Whether every member's losses so far, (steps, rows, columns), have diverged."""
    losses = np.moveaxis(losses, 0, -1)
    smoothed = smooth(losses, memory_of(steps))
    return bool((stopping_step(losses, smoothed) < losses.shape[-1]).all())
