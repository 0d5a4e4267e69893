"""Run a study: plan, train chunk by chunk, assemble, keep. One chunk of the plan is the unit of work."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

import shoal
from shoal.errors import DeviceError
from shoal.study.inputs import Loader, described
from shoal.study.plan import Chunk, Plan, make_plan
from shoal.study.spec import Study

if TYPE_CHECKING:
    import xarray as xr

    from shoal.data import Dataset
    from shoal.study.store import RunFolder
    from shoal.study.train import ChunkResult

_VERSIONS = ("jax", "jaxlib", "numpy", "optax", "xarray", "scipy", "scikit-learn")


class Watcher(Protocol):
    """Whoever follows a run: a progress bar, a log, a notebook."""

    def planned(self, plan: Plan) -> None:
        """Before anything is compiled."""

    def chunk_started(self, chunk: Chunk) -> None:
        """A chunk is being compiled and trained."""

    def advanced(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None:
        """`steps` more steps of every member are done; `values` are new points of their curves."""

    def chunk_finished(self, chunk: Chunk, seconds: float, seconds_compile: float) -> None:
        """A chunk's results are kept."""


@dataclass
class Silence:
    """Follows a run and says nothing."""

    def planned(self, plan: Plan) -> None: ...

    def chunk_started(self, chunk: Chunk) -> None: ...

    def advanced(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None: ...

    def chunk_finished(self, chunk: Chunk, seconds: float, seconds_compile: float) -> None: ...


def plan_study(
    study: Study,
    *,
    data_dir: str | Path | None = None,
    memory: float | None = None,
    dataset: Dataset | None = None,
) -> Plan:
    """The plan of a study without running it: its data are loaded, nothing is compiled."""
    return _plan(study, Loader(data_dir, dataset=dataset), memory)


def _plan(study: Study, loader: Loader, memory: float | None) -> Plan:
    from shoal.training.runtime import chunk_limits, device_bytes

    suited, widest = chunk_limits()
    plan = make_plan(study, loader.inputs, suited if memory is None else memory, widest)
    for chunk in plan.chunks:
        if chunk.bytes > device_bytes():
            cell = chunk.program.cells[chunk.cells[0]].label
            raise DeviceError(
                f"A network of cell ({cell}) takes about {chunk.bytes / 2**30:,.0f} GiB to train; "
                f"the device has {device_bytes() / 2**30:,.0f} GiB.",
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
) -> xr.Dataset:
    """Train every member of a study and return the labelled result.

    `out` is the run folder to write (nothing is written without it), `data_dir` where the published data
    lie, `dataset` data of your own in place of `[data] name`, `memory` the most bytes that a chunk may
    take (by default what suits the device), `check` whether each distinct network's gradients are checked
    and the record kept.

    Ctrl-C ends cleanly: the finished chunks are assembled and kept, `status` is "interrupted", and what
    is missing is NaN with `finished` False. Raises ShoalError for what a user can mend.
    """
    watcher = watcher or Silence()
    loader = Loader(data_dir, dataset=dataset)
    plan = _plan(study, loader, memory)
    watcher.planned(plan)
    if out is None:
        return _run(plan, loader if check else None, watcher, None)
    from shoal.study.store import RunFolder

    with RunFolder(out, study.text) as folder:
        return _run(plan, loader if check else None, watcher, folder)


def _run(plan: Plan, check_with: Loader | None, watcher: Watcher, folder: RunFolder | None) -> xr.Dataset:
    from shoal.study.results import assemble

    began = time.perf_counter()
    if folder:
        folder.write_text("study.toml", plan.study.text)
        folder.log("started", pid=os.getpid(), members=plan.study.member_count, chunks=len(plan.chunks))
    results, interrupted = _train_all(plan, watcher, folder)
    if interrupted and not results:
        raise KeyboardInterrupt
    record = None
    if check_with and not interrupted:
        from shoal.study.check import check_programs

        try:
            record = check_programs(plan, check_with)
        except KeyboardInterrupt:  # what was trained is kept all the same
            interrupted = True
    attributes = _attributes(plan, results, time.perf_counter() - began, interrupted, record)
    dataset = assemble(plan, results, attributes)
    if folder:
        _keep(plan, dataset, results, folder)
    return dataset


def _train_all(plan: Plan, watcher: Watcher, folder: RunFolder | None) -> tuple[list[ChunkResult], bool]:
    from shoal.study.train import train_chunk
    from shoal.training.runtime import keep_compiled_programs

    keep_compiled_programs()
    results: list[ChunkResult] = []
    try:
        for chunk in plan.chunks:
            watcher.chunk_started(chunk)
            result = train_chunk(chunk, lambda steps, values, c=chunk: watcher.advanced(c, steps, values))
            results.append(result)
            watcher.chunk_finished(chunk, result.seconds, result.seconds_compile)
            if folder:
                folder.log(
                    "chunk", index=chunk.index, members=chunk.members, seconds=round(result.seconds, 3)
                )
    except KeyboardInterrupt:
        if folder:
            folder.log("interrupted", finished_chunks=len(results))
        return results, True
    return results, False


def _attributes(
    plan: Plan,
    results: Sequence[ChunkResult],
    seconds: float,
    interrupted: bool,
    gradient_record: list[dict[str, Any]] | None,
) -> dict[str, Any]:
    from shoal.training.runtime import device_text

    study = plan.study
    inputs = [program.inputs for program in plan.programs]
    notes = sorted({note for one in inputs for note in one.describe()["notes"]})
    parameters = sorted({program.parameters for program in plan.programs})
    recorded = study.base.record.training_examples
    counts = min(one.train_count for one in inputs)
    attributes = {
        "question": study.question,
        "study": study.text,
        "shoal_version": shoal.__version__,
        "versions": json.dumps({"python": platform.python_version(), **{v: version(v) for v in _VERSIONS}}),
        "device": device_text(),
        "plan": json.dumps(plan.describe()),
        "seconds_total": round(seconds, 3),
        "seconds_compile": round(sum(r.seconds_compile for r in results), 3),
        "status": "interrupted" if interrupted else "complete",
        "notes": json.dumps(notes),
        "data": described(inputs),
        "parameters": json.dumps(parameters),
        "train_examples_recorded": counts if recorded == "all" else min(recorded, counts),
    }
    if gradient_record is not None:
        attributes["gradient_check"] = json.dumps(gradient_record)
    return attributes


def _keep(plan: Plan, dataset: xr.Dataset, results: Sequence[ChunkResult], folder: RunFolder) -> None:
    from shoal.study.store import write_results, write_weights

    write_results(folder, dataset)
    kept = plan.study.base.record.weights
    if kept != "none":
        best = dataset.attrs.get("best_cell") if kept == "best" else None
        write_weights(folder, named_weights(results, best))
    folder.log("finished", status=dataset.attrs["status"], seconds=dataset.attrs["seconds_total"])


def named_weights(results: Sequence[ChunkResult], best: str | None) -> dict[str, np.ndarray]:
    """Final weights by "cell label/seed=0/layer.parameter"; of the best cell alone where it is given."""
    from shoal.study.spec.levels import level_label

    named: dict[str, np.ndarray] = {}
    for result in results:
        for i, position in enumerate(result.chunk.cells):
            cell = result.chunk.program.cells[position]
            labels = {path: level_label(level) for path, level in cell.levels.items()}
            if best is not None and labels != json.loads(best):
                continue
            for j, seed in enumerate(result.chunk.seeds):
                for name, value in result.weights.items():
                    named[f"{cell.label}/seed={seed}/{name}"] = value[i, j]
    return named
