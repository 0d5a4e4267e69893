"""A plan's chunks on a cluster, and what stopped them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shoal.errors import ShoalError
from shoal.study.chunks import Stop
from shoal.study.cluster.connect import Cluster
from shoal.study.cluster.order import order_of
from shoal.study.cluster.round import Round
from shoal.study.cluster.words import pause_of
from shoal.study.cluster.workers import Workers
from shoal.study.plan import Plan
from shoal.study.shared_folder import lent
from shoal.study.watching import Watcher

if TYPE_CHECKING:
    from shoal.study.unfinished import Unfinished


def play_on_cluster(
    cluster: Cluster,
    workers: Workers,
    plan: Plan,
    watcher: Watcher,
    keep: Callable[[Any], None],
    *,
    data_dir: str | Path | None,
    ship: bool,
    kept: Unfinished | None = None,
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
    order = order_of(plan, data_dir, workers.limits, workers.threads, **told)
    with lent(kept.folder if kept else None, topic) as shared:
        round_ = Round(cluster, workers, plan, watcher, keep, order, shared)
        return _played(round_, ship)


def _played(round_: Round, ship: bool) -> Stop | None:
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
