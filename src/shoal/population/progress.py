"""Who follows a run, and what they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from shoal.population.plan import Plan
from shoal.population.program import Chunk


class ProgressListener(Protocol):
    """Whoever follows a run: a progress bar, a log, a notebook."""

    def planned(self, plan: Plan) -> None:
        """Before anything is compiled."""

    def chunk_started(self, chunk: Chunk) -> None:
        """A chunk is being compiled and trained."""

    def on_steps(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None:
        """`steps` more steps of every member are done; `values` are new points of their curves."""

    def chunk_finished(self, chunk: Chunk, seconds: float, seconds_compile: float) -> None:
        """A chunk's results are kept."""

    def resumed(self, chunk: Chunk, steps: int) -> None:
        """So many steps of every member of a chunk were done before this run was taken up again."""

    def on_note(self, line: str) -> None:
        """Something remarkable about the run's folder, in one line."""


@dataclass
class NullListener:
    """Follows a run and says nothing."""

    def planned(self, plan: Plan) -> None: ...

    def chunk_started(self, chunk: Chunk) -> None: ...

    def on_steps(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None: ...

    def chunk_finished(self, chunk: Chunk, seconds: float, seconds_compile: float) -> None: ...

    def resumed(self, chunk: Chunk, steps: int) -> None: ...

    def on_note(self, line: str) -> None: ...
