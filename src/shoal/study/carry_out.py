"""Carry a plan out: train what is left of it, assemble, keep."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from shoal.errors import ShoalError
from shoal.study.chunks import Stop
from shoal.study.crew import Crew
from shoal.study.inputs import Loader
from shoal.study.plan import Plan
from shoal.study.provenance import provenance
from shoal.study.watching import Watcher

if TYPE_CHECKING:
    import xarray as xr

    from shoal.study.store import RunFolder
    from shoal.study.train import ChunkResult
    from shoal.study.unfinished import Unfinished


def carry_out(
    plan: Plan, check_with: Loader | None, watcher: Watcher, kept: Unfinished | None, crew: Crew
) -> xr.Dataset:
    """Have a crew train what is left of a plan, assemble the result and, where it has a folder, keep it."""
    from shoal.study.full_batch.settle import settled
    from shoal.study.results import assemble

    began = time.perf_counter()
    if kept:
        size = {"members": plan.study.member_count, "chunks": len(plan.chunks)}
        kept.folder.log("started", pid=os.getpid(), **size, kept=len(kept.results))
    results, stopped = _train_all(plan, watcher, kept, crew)
    if stopped and not results:
        raise stopped
    plan, results = settled(plan, sorted(results, key=lambda result: result.chunk.index))
    interrupted, record = stopped is not None, None
    if check_with and not interrupted:
        from shoal.study.check import check_programs

        try:
            record = check_programs(plan, check_with)
        except KeyboardInterrupt:  # what was trained is kept all the same
            interrupted = True
    seconds = time.perf_counter() - began
    attributes = provenance(plan, results, seconds, interrupted, record, crew.device)
    remarkable = [*(kept.notes if kept else ()), *crew.notes]
    attributes |= {**crew.attributes, "notes": json.dumps([*json.loads(attributes["notes"]), *remarkable])}
    dataset = assemble(plan, results, attributes)
    if kept:
        _keep(plan, dataset, results, kept.folder)
    if isinstance(stopped, ShoalError):
        where = f" The chunks that were finished are kept in {kept.folder.path}." if kept else ""
        raise type(stopped)(stopped.what, stopped.remedy + where)
    return dataset


def _train_all(
    plan: Plan, watcher: Watcher, kept: Unfinished | None, crew: Crew
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
    from shoal.study.results import named_weights
    from shoal.study.store import write_results, write_weights

    chosen = plan.study.base.record.weights
    if chosen != "none":
        best = dataset.attrs.get("best_cell") if chosen == "best" else None
        write_weights(folder, named_weights(results, best))
    write_results(folder, dataset)
    if dataset.attrs["status"] == "complete":
        folder.remove_pieces()
    folder.log("finished", status=dataset.attrs["status"], seconds=dataset.attrs["seconds_total"])
