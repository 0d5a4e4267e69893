"""Run a ramp: every cell and seed of a study in one pass, as one labelled array."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.study.chunks import play_chunks
from shoal.study.inputs import Loader
from shoal.study.lr_range.ramp import Ramp, default_steps, ramp_study
from shoal.study.lr_range.smoothing import memory_of, smooth, stopping_step
from shoal.study.run import plan_with
from shoal.study.spec import Study
from shoal.study.watching import Silence, Watcher

if TYPE_CHECKING:
    import xarray as xr

    from shoal.data import Dataset
    from shoal.study.lr_range.trace import Trace
    from shoal.study.plan import Plan


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
    watcher: Watcher | None = None,
) -> xr.Dataset:
    """The loss of every batch while the rate rises from `low` to `high`, for every cell and seed of a study.

    Fresh networks are trained and thrown away: nothing of the study, its runs or its weights is touched. The
    Dataset has dimensions for each factor (but those that vary rate or length), `seed` and `step`; `loss`,
    `smoothed`, `stopped_step` (the number of steps where a member never diverged), and `rate` along `step`.

    Ctrl-C keeps the chunks that are finished, `status` is "interrupted"; before the first it passes through.
    """
    watcher = watcher or Silence()
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


def _trace_all(plan: Plan, watcher: Watcher) -> tuple[list[Trace], bool]:
    from shoal.study.lr_range.trace import trace_team

    traces: list[Trace] = []
    stopped = play_chunks(plan, watcher, trace_team, traces.append)
    if stopped and (not traces or not isinstance(stopped, KeyboardInterrupt)):
        raise stopped
    return traces, stopped is not None


def _attributes(
    study: Study, plan: Plan, ramp: Ramp, traces: Sequence[Trace], began: float, interrupted: bool
) -> dict[str, Any]:
    from shoal.study.provenance import provenance
    from shoal.training.runtime import device_text

    found = provenance(plan, [], time.perf_counter() - began, interrupted, None, device_text())
    found["study"] = study.text
    found["seconds_compile"] = round(sum(trace.seconds_compile for trace in traces), 3)
    described = {"min": ramp.min, "max": ramp.max, "steps": ramp.steps, "scale": ramp.scale}
    return {**found, "lr_range": json.dumps({"mode": "ramp", **described, "memory": memory_of(ramp.steps)})}


def _assemble(plan: Plan, ramp: Ramp, traces: Sequence[Trace], attributes: dict[str, Any]) -> xr.Dataset:
    import xarray as xr

    from shoal.study.results import coordinate_of

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
