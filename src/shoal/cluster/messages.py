"""Progress messages from workers to the client, and the client's progress callbacks.

Workers send small, rare events on one topic. The client turns them into one listener's callbacks, so that no
step is reported twice.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from shoal.cluster.optional_packages import distributed
from shoal.population.plan import Plan
from shoal.population.program import Chunk
from shoal.population.progress import NullListener, ProgressListener

SECONDS_BETWEEN = 1.0  # two events of a chunk
EVENTS_A_SECOND = 100  # of all workers: the scheduler and the client spend 0.7 ms on each (docs/scaling.md)


def pause_of(slots: int) -> float:
    """Seconds between two events of a chunk where so many chunks train at a time."""
    return max(SECONDS_BETWEEN, slots / EVENTS_A_SECOND)


def worker_name() -> str:
    """The worker in which this runs: its name and, where that is another, its address."""
    worker = distributed().get_worker()
    return str(worker.name) if worker.name == worker.address else f"{worker.name} ({worker.address})"


class EventSender:
    """Follows a unit on its worker, and tells the client. A unit nobody wants any more is interrupted.

    Steps are told as their sum since the chunk's beginning: whoever hears twice of a chunk that was begun
    again knows how far it had been. Of the curves' values the newest are told.
    """

    def __init__(self, topic: str, pause: float) -> None:
        self._topic, self._pause, self._worker = topic, pause, distributed().get_worker()
        self._key = self._worker.get_current_task()
        self._name = worker_name()
        self._done: dict[int, int] = {}
        self._told: dict[int, float] = {}
        self._newest: dict[int, dict[str, np.ndarray]] = {}

    def planned(self, plan: Any) -> None: ...

    def chunk_started(self, chunk: Chunk) -> None:
        self._done[chunk.index], self._told[chunk.index] = 0, time.monotonic()
        self._tell(event="started", chunk=chunk.index, name=self._name)  # Dask adds the "worker"

    def on_steps(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None:
        """Raises KeyboardInterrupt where the client has cancelled the unit or is gone."""
        if not self._wanted():
            raise KeyboardInterrupt
        before = self._done.get(chunk.index, 0)
        self._done[chunk.index] = before + steps
        if values:
            self._newest[chunk.index] = values
        begins = steps > 0 and before == 0
        if begins or time.monotonic() - self._told[chunk.index] > self._pause:
            self._at(chunk)

    def chunk_finished(self, chunk: Chunk, seconds: float, seconds_compile: float) -> None:
        self._at(chunk)

    def _at(self, chunk: Chunk) -> None:
        self._told[chunk.index] = time.monotonic()
        values = to_plain(self._newest.pop(chunk.index, {}))
        self._tell(event="at", chunk=chunk.index, steps=self._done[chunk.index], values=values)

    def resumed(self, chunk: Chunk, steps: int) -> None:
        self._done[chunk.index] = steps
        self._tell(event="resumed", chunk=chunk.index, steps=steps)

    def on_note(self, line: str) -> None:
        self._tell(event="noted", line=f"{self._name}: {line}")

    def ended(self) -> None:
        """The unit is no longer worked on."""
        self._tell(event="ended", chunks=list(self._done))

    def _tell(self, **words: Any) -> None:
        self._worker.log_event(self._topic, words)

    def _wanted(self) -> bool:
        if self._worker.status.name in ("closing", "closed", "failed"):  # the scheduler is gone
            return False
        task = self._worker.state.tasks.get(self._key)
        return task is not None and task.state == "executing"


def to_plain(values: dict[str, np.ndarray]) -> dict[str, list[Any]]:
    """Arrays as values that Dask's events can carry."""
    arrays = {name: np.asarray(value) for name, value in values.items()}
    return {name: [a.dtype.str, list(a.shape), a.tobytes()] for name, a in arrays.items()}


def from_plain(values: dict[str, list[Any]]) -> dict[str, np.ndarray]:
    """The arrays of `to_plain`. They are only shown: those that do not hold what they say are left out."""
    found = {}
    for name, (dtype, shape, content) in values.items():
        kind = np.dtype(dtype)
        if kind.kind in "biuf" and math.prod(shape) * kind.itemsize == len(content):
            found[name] = np.frombuffer(content, kind).reshape(shape)
    return found


class EventReceiver:
    """Tells a watcher what workers say of a plan's chunks."""

    def __init__(self, plan: Plan, watcher: ProgressListener) -> None:
        self._chunks = {chunk.index: chunk for chunk in plan.chunks}
        self._watcher: ProgressListener = watcher
        self._steps: dict[int, int] = {}
        self._on: dict[int, str] = {}  # the worker of each chunk that is being trained
        self._handed_on: set[int] = set()
        self._over: set[int] = set()

    @property
    def working(self) -> bool:
        """Whether some chunk was begun and nothing was heard of its end."""
        return bool(self._on)

    def silence(self) -> None:
        """Tell nobody what is heard from now on."""
        self._watcher = NullListener()

    def hear(self, event: dict[str, Any]) -> None:
        """One event of a worker (study/cluster/words.py)."""
        kind = event["event"]
        if kind == "noted":
            self._watcher.on_note(event["line"])
        elif kind == "ended":
            for index in event["chunks"]:
                self._on.pop(index, None)
        elif event["chunk"] in self._over:
            return
        elif kind == "started":
            self._started(event["chunk"], event["name"])
        elif kind == "resumed":
            self._resumed(event["chunk"], event["steps"])
        else:
            self._at(event["chunk"], event["steps"], event["values"])

    def finished(self, result: Any) -> None:
        """A chunk's result is kept."""
        chunk = self._chunks[result.chunk.index]
        if chunk.index not in self._steps:
            self._started(chunk.index, "")
        self._at(chunk.index, chunk.program.steps, {})
        self._over.add(chunk.index)
        self._on.pop(chunk.index, None)
        self._watcher.chunk_finished(chunk, result.seconds, result.seconds_compile)

    def _started(self, index: int, worker: str) -> None:
        before, known = self._on.get(index), index in self._steps
        self._on[index] = worker  # first of all: a watcher may interrupt
        self._steps.setdefault(index, 0)
        if before is not None:
            self._handed_on.add(index)
            self._watcher.on_note(f"Chunk {index + 1}: {before} is gone; {worker} takes it over.")
        elif not known:
            self._watcher.chunk_started(self._chunks[index])

    def _resumed(self, index: int, steps: int) -> None:
        if index in self._handed_on:
            self._watcher.on_note(f"Chunk {index + 1}: {self._on[index]} goes on from step {steps:,}.")
        more = steps - self._steps[index]
        if more > 0:  # done before this run was taken up
            self._steps[index] = steps
            self._watcher.resumed(self._chunks[index], more)

    def _at(self, index: int, steps: int, values: dict[str, Any]) -> None:
        """So many steps in all: those that were told before a worker died are not told again."""
        more = max(0, steps - self._steps[index])
        self._steps[index] += more
        if more or values:
            self._watcher.on_steps(self._chunks[index], more, from_plain(values))
