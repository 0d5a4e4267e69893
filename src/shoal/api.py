"""Run a study: plan, train chunk by chunk, assemble, keep. One chunk of the plan is the unit of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.data.inputs import Loader
from shoal.errors import RunError
from shoal.population.plan import plan_within
from shoal.population.progress import NullListener, ProgressListener
from shoal.runs.execute import Executor, LocalExecutor, execute_plan, finished_run_of
from shoal.study.settings.study import Study

if TYPE_CHECKING:
    import xarray as xr

    from shoal.cluster.connect import Cluster
    from shoal.data import Dataset
    from shoal.study.settings.search import Halving


SECONDS_A_CHECKPOINT = 60.0


def run(
    study: Study,
    out: str | Path | None = None,
    *,
    data_dir: str | Path | None = None,
    dataset: Dataset | None = None,
    memory: float | None = None,
    check: bool = True,
    watcher: ProgressListener | None = None,
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
    watcher = watcher or NullListener()
    if resume and out is None:
        raise RunError("Only a run with a folder can be resumed.", "Name its folder with `out`.")
    if resume and out is not None and (done := finished_run_of(study, out)) is not None:
        return done
    loader = loader or Loader(data_dir, dataset=dataset, folder=study.folder)
    if study.search is not None:
        options = {"memory": memory, "check": check, "checkpoint_every": checkpoint_every, "force": force}
        with shared(cluster) as found:
            return _search(study, out, loader, watcher, resume, cluster=found, **options)
    with executor_of(cluster, memory, loader) as crew:
        plan = plan_within(study, loader, crew.limits)
        watcher.planned(plan)
        checked = loader if check else None
        if out is None:
            return execute_plan(plan, checked, watcher, None, crew)
        from shoal.runs.folder import RunFolder
        from shoal.runs.resume import disk_full_error, resume_or_start

        with RunFolder(out, study.text, watcher.on_note) as folder:
            kept = resume_or_start(folder, plan, resume, force, checkpoint_every, crew.surroundings())
            try:
                return execute_plan(plan, checked, watcher, kept, crew)
            except RunError as error:
                raise disk_full_error(error, kept) from None


def _search(
    study: Study,
    out: str | Path | None,
    loader: Loader,
    watcher: ProgressListener,
    resume: bool,
    **options: Any,
) -> xr.Dataset:
    """The final comparison of a search, each of whose rounds is a run of its own."""
    from shoal.search.halving_run import run_halving
    from shoal.search.loop import run_search

    def train(own: Study, folder: Path | None, halving: Halving | None = None) -> xr.Dataset:
        if halving is not None:
            if options["cluster"] is not None:
                watcher.on_note(
                    "A halving trains in this process; only the final comparison uses the cluster."
                )
            memory, force = options["memory"], options["force"]
            return run_halving(own, folder, halving, loader, watcher, memory, force)
        return run(own, folder, watcher=watcher, loader=loader, resume=folder is not None, **options)

    return run_search(study, out, loader, watcher, train, resume).results


@contextmanager
def executor_of(cluster: Any, memory: float | None, loader: Loader) -> Iterator[Executor]:
    """The crew of a cluster, ready to work; this process where `cluster` is None. Raises ClusterError.

    `memory` is the most bytes of a chunk in place of what suits the device; `loader` knows where data lie.
    """
    with shared(cluster) as found:
        if found is None:
            yield LocalExecutor(memory)
        else:
            from shoal.cluster.executor import ClusterExecutor

            yield ClusterExecutor(found, memory, loader)


@contextmanager
def shared(cluster: Any) -> Iterator[Cluster | None]:
    """The cluster that was asked for, connected, for several crews; None for none. Raises ClusterError."""
    if cluster is None:
        yield None
        return
    from shoal.cluster.connect import connected

    with connected(cluster) as found:
        yield found
