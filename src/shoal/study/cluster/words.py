"""What workers and client tell each other while a unit trains: events of one topic, small and seldom."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from shoal.study.cluster.needed import distributed
from shoal.study.program import Chunk

SECONDS_BETWEEN = 1.0  # two events of a chunk
EVENTS_A_SECOND = 100  # of all workers: the scheduler and the client spend 0.7 ms on each (docs/scaling.md)


def pause_of(slots: int) -> float:
    """Seconds between two events of a chunk where so many chunks train at a time."""
    return max(SECONDS_BETWEEN, slots / EVENTS_A_SECOND)


def worker_name() -> str:
    """The worker in which this runs: its name and, where that is another, its address."""
    worker = distributed().get_worker()
    return str(worker.name) if worker.name == worker.address else f"{worker.name} ({worker.address})"


class Teller:
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

    def advanced(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None:
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

    def noted(self, line: str) -> None:
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
