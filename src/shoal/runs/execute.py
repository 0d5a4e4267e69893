"""Executes a plan: trains what is left of it, assembles the result, writes it.

An executor trains the chunks: this process here, the workers of a cluster in `shoal.cluster`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from shoal.data.inputs import Loader
from shoal.errors import ShoalError
from shoal.population.memory import DeviceLimits, limits_here
from shoal.population.plan import Plan
from shoal.population.progress import ProgressListener
from shoal.population.train_chunks import Stop, train_chunks
from shoal.results.assemble import provenance
from shoal.study.settings.study import Study

if TYPE_CHECKING:
    import xarray as xr

    from shoal.population.program import Chunk
    from shoal.population.train import ChunkResult, Report
    from shoal.runs.folder import RunFolder
    from shoal.runs.resume import RunInProgress


class Executor(Protocol):
    """`limits` are those of a chunk, `device` is what the result says, `notes` what is remarkable."""

    limits: DeviceLimits
    notes: list[str]
    attributes: dict[str, str]

    @property
    def device(self) -> str:
        """The device that trains, in words."""
        ...

    def surroundings(self) -> dict[str, Any]:
        """Versions, device and flags where the chunks are trained (study/origin.py)."""
        ...

    def play(
        self, plan: Plan, watcher: ProgressListener, keep: Callable[[Any], None], kept: RunInProgress | None
    ) -> Stop | None:
        """`keep` the result of each chunk as it comes; what stopped the others, if anything.

        `kept` is the run's folder, where it has one: training on its way may be kept there.
        """
        ...


class LocalExecutor:
    """This process."""

    def __init__(self, memory: float | None) -> None:
        self.limits = limits_here(memory)
        self.notes: list[str] = []
        self.attributes: dict[str, str] = {}

    @property
    def device(self) -> str:
        """The device of this process, in words."""
        from shoal.training.runtime import device_text

        return device_text()

    def surroundings(self) -> dict[str, Any]:
        """Those of this process."""
        from shoal.runs.fingerprint import surroundings

        return surroundings()

    def play(
        self, plan: Plan, watcher: ProgressListener, keep: Callable[[Any], None], kept: RunInProgress | None
    ) -> Stop | None:
        """One team after another, each from its last checkpoint."""
        from shoal.population.train import train_team

        def train(team: Sequence[Chunk], report: Report) -> list[ChunkResult]:
            return train_team(team, report, kept.checkpoints(team, watcher) if kept else None)

        return train_chunks(plan, watcher, train, keep)


def execute_plan(
    plan: Plan,
    check_with: Loader | None,
    watcher: ProgressListener,
    kept: RunInProgress | None,
    crew: Executor,
) -> xr.Dataset:
    """Have a crew train what is left of a plan, assemble the result and, where it has a folder, keep it."""
    from shoal.population.full_batch.records import align_records
    from shoal.results.assemble import assemble

    began = time.perf_counter()
    if kept:
        size = {"members": plan.study.member_count, "chunks": len(plan.chunks)}
        kept.folder.log("started", pid=os.getpid(), **size, kept=len(kept.results))
    results, stopped = _train_all(plan, watcher, kept, crew)
    if stopped and not results:
        raise stopped
    plan, results = align_records(plan, sorted(results, key=lambda result: result.chunk.index))
    interrupted, record = stopped is not None, None
    if check_with and not interrupted:
        from shoal.gradients.networks.study_check import check_programs

        try:
            record = check_programs(plan, check_with)
        except KeyboardInterrupt:  # what was trained is kept all the same
            interrupted = True
    seconds = time.perf_counter() - began
    remarks = [*(kept.notes if kept else ()), *crew.notes]
    attributes = provenance(plan, results, seconds, interrupted, record, crew.device, remarks)
    dataset = assemble(plan, results, attributes | crew.attributes)
    if kept:
        _keep(plan, dataset, results, kept.folder)
    if isinstance(stopped, ShoalError):
        where = f" The chunks that were finished are kept in {kept.folder.path}." if kept else ""
        raise type(stopped)(stopped.what, stopped.remedy + where)
    return dataset


def _train_all(
    plan: Plan, watcher: ProgressListener, kept: RunInProgress | None, crew: Executor
) -> tuple[list[ChunkResult], Stop | None]:
    """The chunks that were finished, and what stopped the others."""
    done = [] if kept is None else [result.chunk.index for result in kept.results]
    left = [team for team in plan.teams if not all(chunk.index in done for chunk in team)]
    anew = {chunk.index for team in left for chunk in team}  # a part of a team would have other last digits
    results = [] if kept is None else [r for r in kept.results if r.chunk.index not in anew]
    for result in results:
        chunk = plan.chunks[result.chunk.index]
        watcher.resumed(chunk, chunk.program.steps)

    def keep(result: ChunkResult) -> None:
        results.append(result)
        if kept:
            kept.keep(result)

    stopped = crew.play(replace(plan, teams=tuple(left)), watcher, keep, kept)
    if stopped and kept:
        kept.folder.log("interrupted", finished_chunks=len(results))
    return results, stopped


def _keep(plan: Plan, dataset: xr.Dataset, results: Sequence[ChunkResult], folder: RunFolder) -> None:
    """Weights, then results: where these say "complete", everything is there."""
    from shoal.results.arrays import named_weights
    from shoal.runs.read_write import write_results, write_weights

    chosen = plan.study.base.record.weights
    if chosen != "none":
        best = dataset.attrs.get("best_cell") if chosen == "best" else None
        write_weights(folder, named_weights(results, best))
    write_results(folder, dataset)
    if dataset.attrs["status"] == "complete":
        folder.remove_pieces()
    folder.log("finished", status=dataset.attrs["status"], seconds=dataset.attrs["seconds_total"])


def finished_run_of(study: Study, out: str | Path) -> xr.Dataset | None:
    """The result of the finished run of this study in a folder, where there is one."""
    from shoal.runs.folder import sweep_finished
    from shoal.runs.read_write import finished_run

    found = finished_run(out)
    if found is None or found.study_text != study.text:
        return None
    sweep_finished(found.path, study.text)
    return found.results
