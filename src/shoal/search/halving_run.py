"""A halving as a run of its own: planned, trained, and kept as a labelled array."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.data.inputs import Loader
from shoal.population.plan import Plan
from shoal.population.progress import ProgressListener
from shoal.results.arrays import coordinate_of
from shoal.search.halving import HalvingSchedule, halving_schedule
from shoal.search.rounds import metric_of
from shoal.study.settings.search import Halving
from shoal.study.settings.study import Study

if TYPE_CHECKING:
    import xarray as xr

    from shoal.search.halving import HalvingRecord


@dataclass(frozen=True)
class HalvingPlan(Plan):
    """A plan whose members leave on the way."""

    ladder: HalvingSchedule

    @property
    def network_steps(self) -> int:
        """Steps summed over all members, each as far as it is planned to train."""
        return self.ladder.network_steps(self)

    @property
    def flops(self) -> float:
        """Multiplications and additions of these steps."""
        return super().flops * self.network_steps / super().network_steps

    def describe(self) -> dict[str, Any]:
        """The plan as plain values, with its rungs."""
        return {**super().describe(), "rungs": list(self.ladder.at), "widths": list(self.ladder.widths)}


def halving_plan(plan: Plan, settings: Halving) -> HalvingPlan:
    """The plan of a round with the rungs of its search."""
    from shoal.search.halving import with_rungs

    ladder = halving_schedule(settings, sum(len(program.cells) for program in plan.programs))
    made = with_rungs(plan, ladder)
    return HalvingPlan(made.study, made.programs, made.chunks, made.teams, ladder)


def run_halving(
    study: Study,
    folder: Path | None,
    settings: Halving,
    loader: Loader,
    watcher: ProgressListener,
    memory: float | None,
    force: bool = False,
) -> xr.Dataset:
    """Train the points of a round by successive halving; its result has curves that end (NaN beyond).

    With `folder` it is kept at every rung, and goes on from the last one. Raises RunError where that was
    kept with other data or, without `force`, under other conditions. KeyboardInterrupt passes through.
    """
    from shoal.population.plan import plan_with
    from shoal.search.halving import SuccessiveHalving
    from shoal.training.runtime import keep_compiled_programs, keep_freed_memory

    keep_compiled_programs()
    keep_freed_memory()
    plan = halving_plan(plan_with(study, loader, memory), settings)
    watcher.planned(plan)
    metric = metric_of(study)
    if folder is None:
        return _dataset(plan, SuccessiveHalving(plan, plan.ladder, metric, watcher).run())
    from shoal.runs.folder import RunFolder
    from shoal.runs.read_write import write_results
    from shoal.search.rung_file import RungFolder

    with RunFolder(folder, study.text, watcher.on_note) as kept:
        kept.write_text("study.toml", study.text)
        kept.log("started", pid=os.getpid(), members=study.member_count)
        rungs = RungFolder(kept, plan, force)
        dataset = _dataset(
            plan, SuccessiveHalving(plan, plan.ladder, metric, watcher, rungs.began, rungs.keep).run()
        )
        write_results(kept, dataset)
        kept.remove_pieces()
        kept.log("finished", status="complete", seconds=dataset.attrs["seconds_total"])
    return dataset


def _dataset(plan: HalvingPlan, found: HalvingRecord) -> xr.Dataset:
    import xarray as xr

    from shoal.results.assemble import provenance
    from shoal.training.runtime import device_text

    began = time.perf_counter()
    study = plan.study
    factors = [factor.name for factor in study.factors]
    each_program = [(program, cell) for program in plan.programs for cell in program.cells]
    order = np.argsort([np.ravel_multi_index(cell.index, study.shape) for _, cell in each_program])
    per_epoch, whole = np.array([(p.batches.per_epoch, p.steps) for p, _ in each_program])[order].T
    steps, trained = np.array(found.steps), found.trained[order]
    epoch = np.where(steps <= trained[:, None], steps / per_epoch[:, None], np.nan)

    def shaped(values: np.ndarray) -> np.ndarray:
        return values.reshape(*study.shape, *values.shape[1:])

    each = (*factors, "seed")
    with np.errstate(over="ignore"):  # of a diverged member in float64
        curves = {name: values[order].astype(np.float32) for name, values in found.curves.items()}
    variables: dict[str, Any] = {name: ((*each, "step"), shaped(own)) for name, own in curves.items()}
    diverged = shaped(found.diverged_step[order])
    finished = np.broadcast_to((trained == whole)[:, None], found.diverged_step.shape)
    variables |= {
        "diverged_step": (each, diverged.astype(np.int32)),
        "diverged": (each, diverged >= 0),
        "finished": (each, shaped(finished)),
        "epoch": ((*factors, "step"), shaped(epoch)),
        "rung": (tuple(factors), shaped(found.rung[order])),
    }
    seconds = found.seconds + time.perf_counter() - began
    attributes = provenance(plan, [], seconds, False, None, device_text())
    attributes["seconds_compile"] = round(found.seconds_compile, 3)
    return xr.Dataset(
        variables,
        coords={
            **{factor.name: (factor.name, *coordinate_of(factor)) for factor in study.factors},
            "seed": ("seed", np.array(study.seeds)),
            "step": ("step", steps, {"long_name": "training step"}),
        },
        attrs=attributes,
    )
