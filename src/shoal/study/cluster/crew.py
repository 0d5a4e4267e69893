"""The workers of a cluster as those who train a plan's chunks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shoal.study.chunks import Stop
from shoal.study.cluster.connect import Cluster
from shoal.study.cluster.play import play_on_cluster
from shoal.study.cluster.workers import ask_workers
from shoal.study.inputs import Loader
from shoal.study.plan import Plan
from shoal.study.watching import Watcher

if TYPE_CHECKING:
    from shoal.study.unfinished import Unfinished


class ClusterCrew:
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
        self, plan: Plan, watcher: Watcher, keep: Callable[[Any], None], kept: Unfinished | None
    ) -> Stop | None:
        """As many units at a time as there are workers."""
        for note in self.notes:
            watcher.noted(note)
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
