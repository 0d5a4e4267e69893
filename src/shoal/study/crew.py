"""Who trains the chunks of a plan: this process, or the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from shoal.study.chunks import Stop, play_chunks
from shoal.study.device_limits import DeviceLimits, limits_here
from shoal.study.plan import Plan
from shoal.study.watching import Watcher

if TYPE_CHECKING:
    from shoal.study.cluster.connect import Cluster
    from shoal.study.inputs import Loader
    from shoal.study.program import Chunk
    from shoal.study.train import ChunkResult, Report
    from shoal.study.unfinished import Unfinished


class Crew(Protocol):
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
        self, plan: Plan, watcher: Watcher, keep: Callable[[Any], None], kept: Unfinished | None
    ) -> Stop | None:
        """`keep` the result of each chunk as it comes; what stopped the others, if anything.

        `kept` is the run's folder, where it has one: training on its way may be kept there.
        """
        ...


class Here:
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
        from shoal.study.origin import surroundings

        return surroundings()

    def play(
        self, plan: Plan, watcher: Watcher, keep: Callable[[Any], None], kept: Unfinished | None
    ) -> Stop | None:
        """One team after another, each from its last checkpoint."""
        from shoal.study.train import train_team

        def train(team: Sequence[Chunk], report: Report) -> list[ChunkResult]:
            return train_team(team, report, kept.checkpoints(team, watcher) if kept else None)

        return play_chunks(plan, watcher, train, keep)


@contextmanager
def crew_of(cluster: Any, memory: float | None, loader: Loader) -> Iterator[Crew]:
    """The crew of a cluster, ready to work; this process where `cluster` is None. Raises ClusterError.

    `memory` is the most bytes of a chunk in place of what suits the device; `loader` knows where data lie.
    """
    with shared(cluster) as found:
        if found is None:
            yield Here(memory)
        else:
            from shoal.study.cluster.crew import ClusterCrew

            yield ClusterCrew(found, memory, loader)


@contextmanager
def shared(cluster: Any) -> Iterator[Cluster | None]:
    """The cluster that was asked for, connected, for several crews; None for none. Raises ClusterError."""
    if cluster is None:
        yield None
        return
    from shoal.study.cluster.connect import connected

    with connected(cluster) as found:
        yield found
