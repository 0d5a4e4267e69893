"""Submits the work units of one run to Dask, collects results, retries lost units, cancels."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

import shoal.errors
from shoal.cluster.connect import Cluster, no_workers
from shoal.cluster.messages import EventReceiver
from shoal.cluster.optional_packages import distributed
from shoal.cluster.task import TaskSpec, train_unit
from shoal.cluster.transfer import pack_parcel
from shoal.cluster.workers import Workers
from shoal.errors import ClusterError, ShoalError
from shoal.population.plan import Plan, Unit, units_of
from shoal.population.progress import ProgressListener
from shoal.runs.chunk_file import unpack
from shoal.runs.shared_checkpoints import WorkerFolder


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


RETRIES = 2  # by Dask, of a unit that ended with an error of the machine's making
MOST_LOST = 3  # times that a unit's data may be lost with the workers that held them
SECONDS_A_LOOK = 0.2  # at the keyboard
SECONDS_OF_SILENCE = 5.0  # after which it is seen whether there still are workers
SECONDS_TO_STOP = 10.0  # for units on their way to notice that they were cancelled


class Scheduler:
    """One run's units: waiting, in flight or kept."""

    def __init__(
        self,
        cluster: Cluster,
        workers: Workers,
        plan: Plan,
        watcher: ProgressListener,
        keep: Callable[[Any], None],
        order: TaskSpec,
        shared: WorkerFolder | None,
    ) -> None:
        self._cluster, self._client, self._plan = cluster, cluster.client, plan
        self._keep, self._order, self._topic = keep, order.plain(), order.topic
        self._shared = shared
        self._resources = workers.resources or None
        self._most = max(100, 4 * workers.slots)  # in flight: enough for a scheduler to see that work waits
        self._waiting: deque[Unit] = deque(units_of(plan, workers.slots))
        self._flying: dict[Any, Unit] = {}
        self._lost: dict[int, int] = {}  # by the first chunk
        self._parcel: Any = None
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._hearing = EventReceiver(plan, watcher)
        self._watcher = watcher
        self._heard = self._with_workers = time.monotonic()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Inside, what workers tell comes into the inbox."""
        self._client.subscribe_topic(self._topic, lambda event: self._inbox.put(event[1]))
        try:
            yield
        finally:
            if self._client.status == "running":
                self._client.unsubscribe_topic(self._topic)

    def play(self, ship: bool) -> None:
        """Until every unit is kept. Raises what stopped it."""
        if ship:
            self._ship()
        while self._waiting or self._flying:
            while self._waiting and len(self._flying) < self._most:
                self._submit(self._waiting.popleft())
            try:
                came = self._inbox.get(timeout=SECONDS_A_LOOK)
            except Empty:
                self._look()
                continue
            self._heard = self._with_workers = time.monotonic()
            if isinstance(came, dict):
                self._hearing.hear(came)
            else:
                self._landed(came)

    def cancel(self) -> None:
        """Keep what has come, cancel the rest, and let what is on its way notice that."""
        self._hearing.silence()
        self._drain()
        if not self._flying or self._client.status != "running":
            return
        with contextlib.suppress(OSError, TimeoutError, distributed().CancelledError):
            self._client.cancel(list(self._flying), force=True)
        until = time.monotonic() + SECONDS_TO_STOP
        while self._hearing.working and time.monotonic() < until:
            with contextlib.suppress(Empty):
                came = self._inbox.get(timeout=SECONDS_A_LOOK)
                if isinstance(came, dict):
                    self._hearing.hear(came)

    def _submit(self, unit: Unit) -> None:
        future = self._client.submit(
            train_unit,
            self._order,
            [chunk.index for chunk in unit],
            self._parcel,
            key=f"{self._topic}-{unit[0].index}-{uuid4().hex[:8]}",
            pure=False,
            retries=RETRIES,
            resources=self._resources,
        )
        self._flying[future] = unit
        future.add_done_callback(self._inbox.put)

    def _ship(self) -> None:
        """Put the data into the cluster: a worker fetches them once, from whoever has them."""
        self._parcel = self._client.scatter(pack_parcel(self._plan), hash=False)

    def _landed(self, future: Any) -> None:
        unit = self._flying.pop(future, None)
        if unit is None:
            return
        if future.status in ("cancelled", "lost"):
            self._again(unit)
            return
        if future.status == "error":
            raise error_of(future.exception(), unit)
        try:
            answer = future.result()
        except (distributed().CancelledError, OSError):  # the worker died before it handed them over
            self._again(unit)
            return
        if "missing" in answer:
            if self._parcel is None:
                self._watcher.on_note(
                    f"A worker does not find the data ({answer['missing']}): they are sent."
                )
                self._ship()
            self._waiting.appendleft(unit)
            return
        self._take(answer, unit)

    def _take(self, answer: dict[str, Any], unit: Unit) -> None:
        for content in answer["chunks"]:
            result = unpack(content, self._plan)
            self._keep(result)
            self._hearing.finished(result)
        if "error" in answer:
            name, what, remedy = answer["error"]
            kind = getattr(shoal.errors, name, None)
            if not isinstance(kind, type) or not issubclass(kind, ShoalError):
                kind = ClusterError
            raise kind(what, remedy)
        if self._shared is not None:
            self._shared.finished(unit)

    def _again(self, unit: Unit) -> None:
        """A unit that neither ended nor was cancelled here: what it needed or gave was lost."""
        if self._client.status != "running":
            raise disconnected(self._cluster)
        first = unit[0].index
        self._lost[first] = self._lost.get(first, 0) + 1
        if self._lost[first] > MOST_LOST:
            raise lost_again(unit, self._lost[first])
        if self._parcel is not None:
            self._ship()
        self._waiting.appendleft(unit)

    def _drain(self) -> None:
        """Take in what has landed by now."""
        landed = [future for future in self._flying if future.status == "finished"]
        for future in landed:
            unit = self._flying.pop(future)
            with contextlib.suppress(OSError, TimeoutError, ShoalError, distributed().CancelledError):
                answer = future.result(timeout=SECONDS_TO_STOP)
                if "missing" not in answer:
                    self._take(answer, unit)

    def _look(self) -> None:
        """After some silence: is there anybody left?"""
        now = time.monotonic()
        if now - self._heard < SECONDS_OF_SILENCE:
            return
        self._heard = now
        try:
            known = self._client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, TimeoutError, distributed().CancelledError):
            known = {}
        if known:
            self._with_workers = now
        elif now - self._with_workers > self._cluster.seconds_for_workers:
            raise no_workers(self._cluster)
