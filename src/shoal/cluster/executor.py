"""The executor of a cluster: its workers train a plan's chunks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shoal.cluster.connect import Cluster
from shoal.cluster.messages import pause_of
from shoal.cluster.scheduler import Scheduler
from shoal.cluster.task import task_spec
from shoal.cluster.workers import Workers, ask_workers
from shoal.data.inputs import Loader
from shoal.errors import ShoalError
from shoal.population.plan import Plan
from shoal.population.progress import ProgressListener
from shoal.population.train_chunks import Stop
from shoal.runs.shared_checkpoints import share_with_workers

if TYPE_CHECKING:
    from shoal.runs.resume import RunInProgress


def play_on_cluster(
    cluster: Cluster,
    workers: Workers,
    plan: Plan,
    watcher: ProgressListener,
    keep: Callable[[Any], None],
    *,
    data_dir: str | Path | None,
    ship: bool,
    kept: RunInProgress | None = None,
) -> Stop | None:
    """`keep` each chunk's result as it comes; what stopped the others, if anything.

    Workers that see the folder of `kept` keep their checkpoints there. `ship` sends the data along from the
    beginning: those that a caller made in Python. Otherwise they are sent as soon as a worker does not find
    them. Errors that are no ShoalError pass through.
    """
    topic = f"shoal-{uuid4().hex}"
    told: dict[str, Any] = {"topic": topic, "pause": pause_of(workers.slots)}
    if kept is not None:
        told |= {"run": str(kept.folder.path.resolve()), "every": kept.every}
    order = task_spec(plan, data_dir, workers.limits, workers.threads, **told)
    with share_with_workers(kept.folder if kept else None, topic) as shared:
        round_ = Scheduler(cluster, workers, plan, watcher, keep, order, shared)
        return _played(round_, ship)


def _played(round_: Scheduler, ship: bool) -> Stop | None:
    """What stopped a round, if anything."""
    with round_.listening():
        try:
            round_.play(ship)
        except (KeyboardInterrupt, ShoalError) as stop:
            round_.cancel()
            return stop
        except BaseException:
            round_.cancel()
            raise
    return None


class ClusterExecutor:
    """Asked once, in the beginning, what the workers have. Raises ClusterError where they do not agree."""

    def __init__(self, cluster: Cluster, memory: float | None, loader: Loader) -> None:
        self._cluster, self._loader = cluster, loader
        self._workers = ask_workers(cluster, memory)
        self.limits = self._workers.limits
        self.notes = list(self._workers.notes)
        described = {"asked": cluster.text, "workers": len(self._workers.names)}
        self.attributes = {"cluster": json.dumps(described)}

    @property
    def device(self) -> str:
        """The workers' device, in words."""
        return self._workers.surroundings["device"]["device"]

    def surroundings(self) -> dict[str, Any]:
        """Those of the workers."""
        return self._workers.surroundings

    def play(
        self, plan: Plan, watcher: ProgressListener, keep: Callable[[Any], None], kept: RunInProgress | None
    ) -> Stop | None:
        """As many units at a time as there are workers."""
        for note in self.notes:
            watcher.on_note(note)
        return play_on_cluster(
            self._cluster,
            self._workers,
            plan,
            watcher,
            keep,
            data_dir=self._loader.data_dir,
            ship=self._loader.in_memory,
            kept=kept,
        )
