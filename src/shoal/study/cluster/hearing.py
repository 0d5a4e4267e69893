"""What the client makes of the workers' events: one watcher hears of all of them, and of no step twice."""

from __future__ import annotations

from typing import Any

from shoal.study.cluster.words import from_plain
from shoal.study.plan import Plan
from shoal.study.watching import Silence, Watcher


class Hearing:
    """Tells a watcher what workers say of a plan's chunks."""

    def __init__(self, plan: Plan, watcher: Watcher) -> None:
        self._chunks = {chunk.index: chunk for chunk in plan.chunks}
        self._watcher: Watcher = watcher
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
        self._watcher = Silence()

    def hear(self, event: dict[str, Any]) -> None:
        """One event of a worker (study/cluster/words.py)."""
        kind = event["event"]
        if kind == "noted":
            self._watcher.noted(event["line"])
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
            self._watcher.noted(f"Chunk {index + 1}: {before} is gone; {worker} takes it over.")
        elif not known:
            self._watcher.chunk_started(self._chunks[index])

    def _resumed(self, index: int, steps: int) -> None:
        if index in self._handed_on:
            self._watcher.noted(f"Chunk {index + 1}: {self._on[index]} goes on from step {steps:,}.")
        more = steps - self._steps[index]
        if more > 0:  # done before this run was taken up
            self._steps[index] = steps
            self._watcher.resumed(self._chunks[index], more)

    def _at(self, index: int, steps: int, values: dict[str, Any]) -> None:
        """So many steps in all: those that were told before a worker died are not told again."""
        more = max(0, steps - self._steps[index])
        self._steps[index] += more
        if more or values:
            self._watcher.advanced(self._chunks[index], more, from_plain(values))
