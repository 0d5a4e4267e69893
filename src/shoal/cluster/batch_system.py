"""A cluster whose workers are jobs of a batch system, described in a TOML file and started by dask-jobqueue.

```toml
kind = "slurm"               # or pbs, lsf, sge, oar, moab, htcondor
jobs = 8                     # jobs to ask for; each is one worker
wait = 3600                  # seconds to wait for the first of them
gpus = false                 # true: each job has one GPU, and its worker says so

[options]                    # whatever dask_jobqueue's class takes: SLURMCluster here
queue = "normal"
cores = 8
memory = "16GB"
walltime = "04:00:00"
```
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from shoal.cluster.optional_packages import dask_jobqueue, distributed
from shoal.errors import ClusterError
from shoal.study.load import counted
from shoal.study.messages import describe
from shoal.study.settings.base import Count, SettingsTable
from shoal.study.toml import read_toml

_CLASSES = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "lsf": "LSFCluster",
    "sge": "SGECluster",
    "oar": "OARCluster",
    "moab": "MoabCluster",
    "htcondor": "HTCondorCluster",
}


class BatchSystem(SettingsTable):
    """The file as a model."""

    kind: Literal["slurm", "pbs", "lsf", "sge", "oar", "moab", "htcondor"]
    jobs: Count = 1
    wait: Annotated[float, Field(gt=0, strict=True)] = 3600.0
    gpus: Annotated[bool, Field(strict=True)] = False
    options: dict[str, Any] = Field(default_factory=dict)


def load_batch_system(path: Path) -> BatchSystem:
    """Read and validate a cluster's file. Raises StudyError where it is no TOML, ClusterError with all its
    mistakes."""
    from pydantic import ValidationError

    _, raw = read_toml(path, "cluster")
    try:
        return BatchSystem.model_validate(raw)
    except ValidationError as error:
        mistakes = [str(mistake) for mistake in describe(error, raw, BatchSystem)]
        raise ClusterError(
            f"{path} {counted(mistakes)}", "Nothing was run. docs/scaling.md has an example."
        ) from None


@contextmanager
def batch_workers(described: BatchSystem) -> Iterator[Any]:
    """A client of workers that the batch system is asked for; its jobs end with it.

    A job is one worker that takes one task at a time and gives XLA all its cores.
    """
    name = _CLASSES[described.kind]
    options = dict(described.options)
    asked = list(options.pop("worker_extra_args", []))
    gpu = ["--resources", "GPU=1"] if described.gpus else []
    options |= {"processes": 1, "worker_extra_args": [*asked, "--nthreads", "1", *gpu]}
    try:
        cluster = getattr(dask_jobqueue(), name)(**options)
    except (TypeError, ValueError) as error:
        raise ClusterError(
            f"{name} refuses the [options] of the cluster's file: {error}",
            f"They are the arguments of dask_jobqueue.{name}.",
        ) from None
    with cluster:
        try:
            cluster.scale(jobs=described.jobs)
            with distributed().Client(cluster, set_as_default=False) as client:
                yield client
        except (RuntimeError, FileNotFoundError, subprocess.SubprocessError) as error:
            raise _refused(described, error) from None


def _refused(described: BatchSystem, error: Exception) -> ClusterError:
    said = str(error).strip().splitlines() or [type(error).__name__]
    return ClusterError(
        f"The batch system ({described.kind}) did not take the jobs: {said[0]}",
        "Is its command on the PATH of this machine, and are the [options] what it accepts?",
    )
