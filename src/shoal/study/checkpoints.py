"""The checkpoints of the team in training: when they are due, written beside the training, read back.

Each team has two, the newest and the one before it. A name says the team's first chunk and the step:
"checkpoints/0003-000000001200.safetensors". No name is used for other content again, so that a process killed
at any moment leaves every file that the manifest names whole.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from shoal.errors import RunError
from shoal.study.checkpoint import (
    Progress,
    most_checkpoint_bytes,
    on_host,
    pack_checkpoint,
    unpack_checkpoint,
)
from shoal.study.compiled import Like
from shoal.study.program import Chunk
from shoal.study.safe_arrays import ArrayFileError

GENERATIONS = 2
KIND = "checkpoints/"


class Checkpointer(Protocol):
    """Keeps the progress of one team."""

    def restore(self, like: Callable[[], Like]) -> Progress | None:
        """Where the team stood when it was kept last; None for a team that begins. `like()` is asked where
        something was kept."""

    def due(self) -> bool:
        """Whether it is time to save."""
        ...

    def save(self, progress: Progress, wait: bool = False) -> None:
        """Copy the progress now, and write it: meanwhile training may go on, but for `wait`."""

    def settle(self) -> None:
        """Wait for what is being written. Raises RunError where it could not be."""


class NoCheckpoints:
    """Keeps nothing: a training without a folder."""

    def restore(self, like: Callable[[], Like]) -> Progress | None:
        return None

    def due(self) -> bool:
        return False

    def save(self, progress: Progress, wait: bool = False) -> None: ...

    def settle(self) -> None: ...


class Keeping(Protocol):
    """Where checkpoints are kept: a run folder, or a worker's view of one (study/shared_folder.py)."""

    def names(self, beginning: str = "") -> list[str]:
        """The files whose name begins so, sorted."""
        ...

    def read(self, name: str, most: int | None = None) -> bytes | None:
        """The file of this name; None where it is not what was written, or has more than `most` bytes."""

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all. Raises RunError."""

    def remove(self, *names: str) -> None:
        """Remove files."""

    def say(self, line: str) -> None:
        """Tell whoever follows the run."""

    def log(self, event: str, **values: Any) -> None:
        """Write down what happened."""


class TeamCheckpoints:
    """The checkpoints of one team in a run folder, one every so many seconds of this process's own clock,
    which nobody can set back. `told` hears of the step from which a team goes on."""

    def __init__(
        self, folder: Keeping, chunks: Sequence[Chunk], every: float, told: Callable[[int], None]
    ) -> None:
        self._told = told
        self._folder, self._chunks, self._every = folder, chunks, every
        self._last = time.monotonic()
        self._saved = -1
        self._writer: threading.Thread | None = None
        self._failure: RunError | None = None
        self.unsaved: tuple[str, bytes] | None = None  # what could not be written, where that is so

    @property
    def last_index(self) -> int:
        """The chunk of the team that is kept last."""
        return self._chunks[-1].index

    def restore(self, like: Callable[[], Like]) -> Progress | None:
        if not (names := self._names()):
            return None
        shapes = like()
        for name in reversed(names):
            progress, wrong = self._read(name, shapes)
            if progress is not None:
                self._saved = progress.step
                self._told(progress.step)
                self._folder.log("restored", file=name, step=progress.step)
                return progress
            self._folder.say(f"{wrong}{name} cannot be used: the checkpoint before it, or the beginning, is.")
            self._folder.remove(name)
        return None

    def _read(self, name: str, like: Like) -> tuple[Progress | None, str]:
        """The progress in a file, or what is wrong with it where its reader has not said so."""
        content = self._folder.read(name, most_checkpoint_bytes(self._chunks, like))
        if content is None:
            return None, ""
        try:
            return unpack_checkpoint(content, self._chunks, like, name), ""
        except ArrayFileError as error:
            return None, f"{error.what} "

    def due(self) -> bool:
        self._raise_failure()
        writing = self._writer is not None and self._writer.is_alive()
        return not writing and time.monotonic() - self._last >= self._every

    def save(self, progress: Progress, wait: bool = False) -> None:
        self.settle()
        if progress.step not in (0, self._saved):
            self._last, self._saved = time.monotonic(), progress.step
            self._writer = threading.Thread(target=self._write, args=[on_host(progress)])
            self._writer.start()
        if wait:
            self.settle()

    def settle(self) -> None:
        if self._writer is not None:
            self._writer.join()
        self._raise_failure()

    def remove(self) -> None:
        """The team is finished and kept."""
        self._folder.remove(*self._names())

    def _write(self, progress: Progress) -> None:
        began = time.perf_counter()
        content = pack_checkpoint(self._chunks, progress)
        name = f"{prefix(self._chunks)}{progress.step:012d}.safetensors"
        self.unsaved = name, content
        try:
            self._folder.write_bytes(name, content)
            self._folder.remove(*self._names()[:-GENERATIONS])
        except RunError as error:
            self._failure = error
            return
        self.unsaved = None
        seconds = round(time.perf_counter() - began, 3)
        self._folder.log("checkpoint", step=progress.step, bytes=len(content), seconds=seconds)

    def _names(self) -> list[str]:
        return self._folder.names(prefix(self._chunks))

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


def prefix(chunks: Sequence[Chunk]) -> str:
    """How the names of a team's checkpoints begin."""
    return f"{KIND}{chunks[0].index:04d}-"
