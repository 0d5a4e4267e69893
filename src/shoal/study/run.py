"""Run a study: plan, train team by team, assemble, keep. A team of chunks is the unit of work."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import DeviceError, HaltedError, RunError, ShoalError
from shoal.study.chunks import Stop
from shoal.study.crew import Crew, crew_of, shared
from shoal.study.device_limits import DeviceLimits, limits_here
from shoal.study.inputs import Loader
from shoal.study.plan import Plan, make_plan
from shoal.study.provenance import provenance
from shoal.study.spec import Study
from shoal.study.watching import Silence, Watcher

if TYPE_CHECKING:
    import xarray as xr

    from shoal.data import Dataset
    from shoal.study.store import RunFolder
    from shoal.study.train import ChunkResult
    from shoal.study.unfinished import Unfinished


def plan_study(
    study: Study,
    *,
    data_dir: str | Path | None = None,
    memory: float | None = None,
    dataset: Dataset | None = None,
) -> Plan:
    """The plan of a study without running it: its data are loaded, nothing is compiled."""
    return plan_with(study, Loader(data_dir, dataset=dataset, folder=study.folder), memory)


def plan_with(study: Study, loader: Loader, memory: float | None) -> Plan:
    """The plan of a study on a loader's data. Raises DeviceError for a network too large for the device."""
    return plan_within(study, loader, limits_here(memory))


def plan_within(study: Study, loader: Loader, limits: DeviceLimits) -> Plan:
    """The same within the limits of another device."""
    plan = make_plan(study, loader.inputs, limits.memory, limits.widest, limits.least_work)
    for chunk in plan.chunks:
        if chunk.bytes > limits.bytes:
            cell = chunk.program.cells[chunk.cells[0]].label
            raise DeviceError(
                f"A network of cell ({cell}) takes about {chunk.bytes / 2**30:,.0f} GiB to train; "
                f"the device has {limits.bytes / 2**30:,.0f} GiB.",
                "Make its layers or its batches smaller, or give a smaller --memory if several are stacked.",
            )
    return plan


def run(
    study: Study,
    out: str | Path | None = None,
    *,
    data_dir: str | Path | None = None,
    dataset: Dataset | None = None,
    memory: float | None = None,
    check: bool = True,
    watcher: Watcher | None = None,
    resume: bool = False,
    force: bool = False,
    loader: Loader | None = None,
    cluster: Any = None,
) -> xr.Dataset:
    """Train every member of a study and return the labelled result; of a search, its final comparison.

    `out` is the run folder to write (nothing is written without it), `data_dir` where the published data
    lie, `dataset` data of your own in place of `[data] name`, `memory` the most bytes that a chunk may
    take (by default what suits the device), `check` whether each distinct network's gradients are checked
    and the record kept, `loader` one that has the data already.

    With `resume` an unfinished run in `out` is taken up where it stopped, a finished one returned as it is,
    and a new one begun where there is none. `force` goes on although versions, device or plan have changed.

    `cluster` has the chunks trained by the workers of a Dask cluster: "local:2", "tcp://HOST:PORT", the path
    of a TOML file (docs/scaling.md) or a `distributed.Client`.

    Ctrl-C ends cleanly: the finished chunks are assembled and kept, `status` is "interrupted", and what
    is missing is NaN with `finished` False. Raises ShoalError for what a user can mend.
    """
    watcher = watcher or Silence()
    if resume and out is None:
        raise RunError("Only a run with a folder can be resumed.", "Name its folder with `out`.")
    if resume and out is not None and (done := finished_run_of(study, out)) is not None:
        return done
    loader = loader or Loader(data_dir, dataset=dataset, folder=study.folder)
    if study.search is not None:
        options = {"memory": memory, "check": check, "force": force}
        with shared(cluster) as found:
            return _search(study, out, loader, watcher, resume, cluster=found, **options)
    with crew_of(cluster, memory, loader) as crew:
        plan = plan_within(study, loader, crew.limits)
        watcher.planned(plan)
        checked = loader if check else None
        if out is None:
            return _run(plan, checked, watcher, None, crew)
        from shoal.study.store import RunFolder
        from shoal.study.unfinished import take_up

        with RunFolder(out, study.text, watcher.noted) as folder:
            kept = take_up(folder, plan, resume, force, crew.surroundings())
            try:
                return _run(plan, checked, watcher, kept, crew)
            except RunError as error:
                raise HaltedError(f"{error.what} {kept.remains}", error.remedy) from None


def _search(
    study: Study, out: str | Path | None, loader: Loader, watcher: Watcher, resume: bool, **options: Any
) -> xr.Dataset:
    """The final comparison of a search, each of whose rounds is a run of its own."""
    from shoal.study.search.loop import run_search

    def train(own: Study, folder: Path | None) -> xr.Dataset:
        return run(own, folder, watcher=watcher, loader=loader, resume=folder is not None, **options)

    return run_search(study, out, loader, watcher, train, resume).results


def finished_run_of(study: Study, out: str | Path) -> xr.Dataset | None:
    """The result of the finished run of this study in a folder, where there is one."""
    from shoal.study.store import finished_run

    found = finished_run(out)
    return found.results if found is not None and found.study_text == study.text else None


def _run(
    plan: Plan, check_with: Loader | None, watcher: Watcher, kept: Unfinished | None, crew: Crew
) -> xr.Dataset:
    from shoal.study.full_batch.settle import settled
    from shoal.study.results import assemble

    began = time.perf_counter()
    if kept:
        kept.folder.log("started", pid=os.getpid(), members=plan.study.member_count, chunks=len(plan.chunks))
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

    stopped = crew.play(replace(plan, teams=tuple(left)), watcher, keep)
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
