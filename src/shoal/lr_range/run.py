"""Runs a ramp: every configuration and seed of a study in one pass, as one labelled array.

The loss of every batch is kept; the pass ends when every network has diverged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from shoal.data.inputs import Loader
from shoal.lr_range.ramp import Ramp, default_steps, memory_of, ramp_study, smooth, stopping_step
from shoal.population.device_data import DeviceData, out_of_memory, to_device
from shoal.population.members import MemberInputs, cells_first, member_inputs
from shoal.population.plan import plan_with
from shoal.population.program import Chunk
from shoal.population.progress import NullListener, ProgressListener
from shoal.population.stack import stack_of
from shoal.population.team import JointTraining, Population
from shoal.population.train import Report
from shoal.population.train_chunks import train_chunks
from shoal.study.settings.study import Study
from shoal.training.runtime import numerics

if TYPE_CHECKING:
    import xarray as xr

    from shoal.data import Dataset
    from shoal.population.plan import Plan


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
        who = tuple(member_inputs(chunk, dtype) for chunk in chunks)
        data = to_device(program, who[0], dtype)
        team = JointTraining([stack_of(chunk, dtype) for chunk in chunks])
        population = jax.jit(team.start)(who)
        losses = [jnp.full((program.steps, *m.loss.shape), jnp.nan, dtype) for m in population.members]

        def advance(
            now: Population, losses: list[Array], who: Sequence[MemberInputs], data: DeviceData, last: Array
        ) -> Any:
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


def run_ramp(
    study: Study,
    *,
    low: float = 1e-7,
    high: float = 10.0,
    scale: str = "exponential",
    steps: int | None = None,
    data_dir: str | Path | None = None,
    dataset: Dataset | None = None,
    memory: float | None = None,
    watcher: ProgressListener | None = None,
) -> xr.Dataset:
    """The loss of every batch while the rate rises from `low` to `high`, for every cell and seed of a study.

    Fresh networks are trained and thrown away: nothing of the study, its runs or its weights is touched. The
    Dataset has dimensions for each factor (but those that vary rate or length), `seed` and `step`; `loss`,
    `smoothed`, `stopped_step` (the number of steps where a member never diverged), and `rate` along `step`.

    Ctrl-C keeps the chunks that are finished, `status` is "interrupted"; before the first it passes through.
    """
    watcher = watcher or NullListener()
    loader = Loader(data_dir, dataset=dataset, folder=study.folder)
    ramp = Ramp(low, high, _default(study, loader) if steps is None else steps, scale)
    plan = plan_with(ramp_study(study, ramp), loader, memory)
    watcher.planned(plan)
    began = time.perf_counter()
    traces, interrupted = _trace_all(plan, watcher)
    return _assemble(plan, ramp, traces, _attributes(study, plan, ramp, traces, began, interrupted))


def _default(study: Study, loader: Loader) -> int:
    from shoal.training.batches import batches_of

    n = loader.inputs(study.base.data).train_count
    size = study.base.training.batch_size
    return default_steps(batches_of(n, size if size == "whole" else min(size, n), False).per_epoch)


def _trace_all(plan: Plan, watcher: ProgressListener) -> tuple[list[Trace], bool]:
    traces: list[Trace] = []
    stopped = train_chunks(plan, watcher, trace_team, traces.append)
    if stopped and (not traces or not isinstance(stopped, KeyboardInterrupt)):
        raise stopped
    return traces, stopped is not None


def _attributes(
    study: Study, plan: Plan, ramp: Ramp, traces: Sequence[Trace], began: float, interrupted: bool
) -> dict[str, Any]:
    from shoal.results.assemble import provenance
    from shoal.training.runtime import device_text

    found = provenance(plan, [], time.perf_counter() - began, interrupted, None, device_text())
    found["study"] = study.text
    found["seconds_compile"] = round(sum(trace.seconds_compile for trace in traces), 3)
    described = {"min": ramp.min, "max": ramp.max, "steps": ramp.steps, "scale": ramp.scale}
    return {**found, "lr_range": json.dumps({"mode": "ramp", **described, "memory": memory_of(ramp.steps)})}


def _assemble(plan: Plan, ramp: Ramp, traces: Sequence[Trace], attributes: dict[str, Any]) -> xr.Dataset:
    import xarray as xr

    from shoal.results.arrays import coordinate_of

    study = plan.study
    names = [factor.name for factor in study.factors]
    losses = np.full((*study.shape, len(study.seeds), ramp.steps), np.nan)
    finished = np.zeros(losses.shape[:-1], bool)
    for trace in traces:
        seeds = [study.seeds.index(seed) for seed in trace.chunk.seeds]
        for i, position in enumerate(trace.chunk.cells):
            cell = trace.chunk.program.cells[position].index
            losses[(*cell, seeds)], finished[(*cell, seeds)] = trace.losses[i], True
    smoothed = smooth(losses, memory_of(ramp.steps))
    stopped = stopping_step(losses, smoothed)
    each, along = (*names, "seed"), (*names, "seed", "step")
    return xr.Dataset(
        {
            "loss": (along, losses, {"long_name": "loss of the batch, before its update"}),
            "smoothed": (along, smoothed, {"long_name": "smoothed loss"}),
            "stopped_step": (each, stopped, {"long_name": "step at which it had diverged"}),
            "diverged": (each, finished & (stopped < ramp.steps), {"long_name": "diverged"}),
            "finished": (each, finished, {"long_name": "finished"}),
        },
        coords={
            **{factor.name: (factor.name, *coordinate_of(factor)) for factor in study.factors},
            "seed": ("seed", np.array(study.seeds), {"long_name": "seed"}),
            "step": ("step", np.arange(ramp.steps), {"long_name": "training step"}),
            "rate": ("step", ramp.rates, {"long_name": "learning rate"}),
        },
        attrs=attributes,
    )
