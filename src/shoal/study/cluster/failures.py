"""How a unit's failure is told: which chunk and cell, what happened to its workers, what to do."""

from __future__ import annotations

from typing import Any

from shoal.errors import ClusterError
from shoal.study.cluster.connect import Cluster
from shoal.study.cluster.needed import distributed
from shoal.study.units import Unit


def disconnected(cluster: Cluster) -> ClusterError:
    """The scheduler is gone."""
    return ClusterError(
        f"The connection to {cluster.text} is lost.",
        "Look whether the scheduler still runs, then go on with --resume.",
    )


def lost_again(unit: Unit, times: int) -> ClusterError:
    """What a unit needed or gave was lost so many times."""
    return ClusterError(
        f"{named(unit)} was lost {times} times with the workers that had it.",
        "Look at the workers' logs for why they end.",
    )


def error_of(error: Any, unit: Unit) -> BaseException:
    """What to raise for a unit that Dask gave up."""
    if isinstance(error, distributed().KilledWorker):
        last = getattr(error.last_worker, "address", error.last_worker)
        return ClusterError(
            f"{named(unit)} was begun again and again: {error.allowed_failures + 1} worker"
            f"{'s' * (error.allowed_failures > 0)} died while training it, the last one {last}.",
            "Often the batch system or the kernel kills a worker that takes too much memory: give a "
            "smaller --memory, or workers more of it, then go on with --resume.",
        )
    return error


def named(unit: Unit) -> str:
    """ "Chunk 3 (cell batch_norm=true, l2=0.1 and 7 more)"."""
    numbers = ", ".join(str(chunk.index) for chunk in unit)
    cells = sum(len(chunk.cells) for chunk in unit)
    label = unit[0].program.cells[unit[0].cells[0]].label
    more = f" and {cells - 1} more" if cells > 1 else ""
    return f"Chunk{'s' * (len(unit) > 1)} {numbers} (cell {label}{more})"
