"""Checkpoints that a cluster's workers write into the run folder, where they see it: RUN/workers/TOPIC/.

The client alone writes the run's manifest. So these files carry their own SHA-256 in their names,
"0003-000000001200-DIGEST.safetensors", and whoever reads one compares. A worker that takes over a team goes
on from the newest whole one, be it another worker's or one that the manifest names. What is left in the end
the client makes the run's own. The folder of a topic is the client's to make: a worker sees by it that the
path leads to this run, and one that was forgotten cannot write any more.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from shoal.errors import RunError
from shoal.study.checkpoints import GENERATIONS, KIND, prefix
from shoal.study.files import cannot_write, remove_if_there, replace_synced
from shoal.study.program import Chunk
from shoal.study.store import RunFolder
from shoal.study.store.manifest import Manifest

NAME = "workers"


class SharedFolder:
    """What TeamCheckpoints ask of a run folder, for a worker. `say` hears of what is remarkable."""

    def __init__(self, run: Path, topic: str, say: Callable[[str], None]) -> None:
        self._run, self._own, self._say = run, run / NAME / topic, say
        self._kept = _manifest_of(run)  # the client changes nothing of a team that is on its way

    @property
    def usable(self) -> bool:
        """Whether this machine sees the folder that the client made, and may write there."""
        return self._own.is_dir() and os.access(self._own, os.W_OK)

    def names(self, beginning: str = "") -> list[str]:
        """The checkpoints whose name begins so, the oldest first."""
        found = {*map(_name_of, _files(self._own)), *self._kept.names(KIND)}
        return sorted(name for name in found if name.startswith(beginning))

    def read(self, name: str) -> bytes | None:
        """The checkpoint of this name where it is whole."""
        for file in _files(self._own):
            if _name_of(file) == name and (content := _whole(file)) is not None:
                return content
        kept = self._run / name
        if name not in self._kept or not kept.exists():
            return None
        content = kept.read_bytes()
        return content if self._kept.holds(name, hashlib.sha256(content).hexdigest()) else None

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a checkpoint whole or not at all. Raises RunError where the folder refuses."""
        target = self._own / f"{Path(name).stem}-{hashlib.sha256(content).hexdigest()}.safetensors"
        part = self._own / f".{uuid4().hex}.part"
        try:
            part.write_bytes(content)
            replace_synced(part, target)
        except OSError as error:
            raise cannot_write(self._own, error) from None
        finally:
            remove_if_there(part)

    def remove(self, *names: str) -> None:
        """Remove workers' files of these names; the run's own are the client's."""
        for file in _files(self._own):
            if _name_of(file) in names:
                remove_if_there(file)

    def say(self, line: str) -> None:
        """Tell the client."""
        self._say(line)

    def log(self, event: str, **values: Any) -> None:
        """The log is the client's, which hears of a worker's steps anyway."""


class Lent:
    """A run folder of which a part is lent to workers, for its one writer."""

    def __init__(self, folder: RunFolder, topic: str) -> None:
        self._folder, self._own = folder, folder.path / NAME / topic

    def make(self) -> None:
        """Make the workers' folder. Raises RunError."""
        try:
            self._own.mkdir(parents=True)
        except OSError as error:
            raise cannot_write(self._own, error) from None

    def finished(self, team: Sequence[Chunk]) -> None:
        """A team is kept: its checkpoints go."""
        beginning = prefix(team)
        for file in _files(self._own):
            if _name_of(file).startswith(beginning):
                remove_if_there(file)
        if names := self._folder.names(beginning):
            self._folder.remove(*names)


@contextmanager
def lent(folder: RunFolder | None, topic: str) -> Iterator[Lent | None]:
    """Inside, workers may keep checkpoints in the folder, if there is one; afterwards they are the run's."""
    if folder is None:
        yield None
        return
    own = Lent(folder, topic)
    own.make()
    try:
        yield own
    finally:
        adopt(folder)


def adopt(folder: RunFolder) -> None:
    """Make the newest of the checkpoints that workers left the run's own, and remove their folder."""
    own = folder.path / NAME
    if not own.is_dir():
        return
    taken: dict[str, set[str]] = {}
    for file in sorted(own.glob("*/[0-9]*.safetensors"), key=_name_of, reverse=True):
        name = _name_of(file)
        of_team = taken.setdefault(name.partition("-")[0], set())
        if name in of_team or len(of_team) == GENERATIONS or (content := _whole(file)) is None:
            continue
        folder.write_bytes(name, content)
        of_team.add(name)
    shutil.rmtree(own, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.safetensors"))


def _name_of(file: Path) -> str:
    """As the run's own checkpoints are named: "checkpoints/0003-000000001200.safetensors"."""
    return f"{KIND}{file.stem.rpartition('-')[0]}.safetensors"


def _whole(file: Path) -> bytes | None:
    """The content of a worker's checkpoint; None where it is gone or its SHA-256 is not that of its name."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    return content if hashlib.sha256(content).hexdigest() == file.stem.rpartition("-")[2] else None


def _manifest_of(run: Path) -> Manifest:
    try:
        return Manifest(run).load()
    except RunError:  # the client, whose it is, says so
        return Manifest(run)
