"""Run a study: plan, train chunk by chunk, assemble, keep. One chunk of the plan is the unit of work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import DeviceError, RunError
from shoal.study.carry_out import carry_out
from shoal.study.crew import crew_of, shared
from shoal.study.device_limits import DeviceLimits, limits_here
from shoal.study.inputs import Loader
from shoal.study.memory import padded_bytes
from shoal.study.plan import Plan, make_plan
from shoal.study.spec import Study
from shoal.study.watching import Silence, Watcher

if TYPE_CHECKING:
    import xarray as xr

    from shoal.data import Dataset
    from shoal.study.spec.search import Halving

SECONDS_A_CHECKPOINT = 60.0


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
    padded = {program.index: padded_bytes(program) for program in plan.programs}
    for chunk in plan.chunks:
        needed = max(chunk.bytes, padded[chunk.program.index])
        if needed > limits.bytes:
            cell = chunk.program.cells[chunk.cells[0]].label
            raise DeviceError(
                f"A network of cell ({cell}) takes about {needed / 2**30:,.0f} GiB to train; "
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
    checkpoint_every: float = SECONDS_A_CHECKPOINT,
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
    and a new one begun where there is none; either way it ends with the bits of a run that was never
    interrupted. `force` goes on although versions, device or plan have changed, which may change last digits.
    Every `checkpoint_every` seconds the training on its way is kept too.

    `cluster` has the chunks trained by the workers of a Dask cluster: "local:2", "tcp://HOST:PORT", the path
    of a TOML file (docs/scaling.md) or a `distributed.Client`.

    Ctrl-C ends cleanly: a checkpoint is written, the finished chunks are assembled and kept, `status` is
    "interrupted", and what is missing is NaN with `finished` False. Raises ShoalError for what a user can
    mend; HaltedError where the folder no longer takes a file: what it held can be resumed.
    """
    watcher = watcher or Silence()
    if resume and out is None:
        raise RunError("Only a run with a folder can be resumed.", "Name its folder with `out`.")
    if resume and out is not None and (done := finished_run_of(study, out)) is not None:
        return done
    loader = loader or Loader(data_dir, dataset=dataset, folder=study.folder)
    if study.search is not None:
        options = {"memory": memory, "check": check, "checkpoint_every": checkpoint_every, "force": force}
        with shared(cluster) as found:
            return _search(study, out, loader, watcher, resume, cluster=found, **options)
    with crew_of(cluster, memory, loader) as crew:
        plan = plan_within(study, loader, crew.limits)
        watcher.planned(plan)
        checked = loader if check else None
        if out is None:
            return carry_out(plan, checked, watcher, None, crew)
        from shoal.study.rescue import halted
        from shoal.study.store import RunFolder
        from shoal.study.unfinished import take_up

        with RunFolder(out, study.text, watcher.noted) as folder:
            kept = take_up(folder, plan, resume, force, checkpoint_every, crew.surroundings())
            try:
                return carry_out(plan, checked, watcher, kept, crew)
            except RunError as error:
                raise halted(error, kept) from None


def _search(
    study: Study, out: str | Path | None, loader: Loader, watcher: Watcher, resume: bool, **options: Any
) -> xr.Dataset:
    """The final comparison of a search, each of whose rounds is a run of its own."""
    from shoal.study.search.carry_out import run_search
    from shoal.study.search.halving_round import run_halving

    def train(own: Study, folder: Path | None, halving: Halving | None = None) -> xr.Dataset:
        if halving is not None:
            if options["cluster"] is not None:
                watcher.noted("A halving trains in this process; only the final comparison uses the cluster.")
            memory, force = options["memory"], options["force"]
            return run_halving(own, folder, halving, loader, watcher, memory, force)
        return run(own, folder, watcher=watcher, loader=loader, resume=folder is not None, **options)

    return run_search(study, out, loader, watcher, train, resume).results


def finished_run_of(study: Study, out: str | Path) -> xr.Dataset | None:
    """The result of the finished run of this study in a folder, where there is one."""
    from shoal.study.store import finished_run, sweep_finished

    found = finished_run(out)
    if found is None or found.study_text != study.text:
        return None
    sweep_finished(found.path, study.text)
    return found.results
