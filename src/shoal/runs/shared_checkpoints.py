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
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from shoal.errors import RunError
from shoal.files import FILE, FOLDER, TooLargeError, cannot_write, is_part
from shoal.folder import Folder
from shoal.population.program import Chunk
from shoal.runs.checkpoints import GENERATIONS, KIND, prefix
from shoal.runs.folder import RunFolder, open_folder
from shoal.runs.manifest import Manifest

NAME = "workers"
_FILE = re.compile(r"(\d{4,9}-\d{12})-([0-9a-f]{64})\.safetensors")


class WorkerCheckpoints:
    """What TeamCheckpoints ask of a run folder, for a worker. `say` hears of what is remarkable."""

    def __init__(self, run: Path, topic: str, say: Callable[[str], None]) -> None:
        self._run, self._own, self._say = run, f"{NAME}/{topic}", say
        with open_folder(run) as folder:
            self._kept = _manifest_of(folder)  # the client changes nothing of a team that is on its way

    @property
    def usable(self) -> bool:
        """Whether this machine sees the folder that the client made, and may write there."""
        with open_folder(self._run) as folder:
            there = folder.kind(self._own) == FOLDER
        return there and os.access(self._run / self._own, os.W_OK)

    def names(self, beginning: str = "") -> list[str]:
        """The checkpoints whose name begins so, the oldest first."""
        with open_folder(self._run) as folder:
            found = {*map(_name_of, _files(folder, self._own)), *self._kept.names(KIND)}
        return sorted(name for name in found if name.startswith(beginning))

    def read(self, name: str, most: int | None = None) -> bytes | None:
        """The checkpoint of this name where it is whole, and has no more than `most` bytes."""
        with open_folder(self._run) as folder:
            for file in _files(folder, self._own):
                if _name_of(file) == name and (content := _whole(folder, file, most)) is not None:
                    return content
            if name not in self._kept or not folder.exists(name):
                return None
            try:
                content = folder.read(name, most)
            except TooLargeError as error:
                self.say(error.what)
                return None
        return content if self._kept.holds(name, hashlib.sha256(content).hexdigest()) else None

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a checkpoint whole or not at all. Raises RunError where the folder refuses."""
        target = f"{self._own}/{Path(name).stem}-{hashlib.sha256(content).hexdigest()}.safetensors"
        part = f"{self._own}/.{uuid4().hex}.part"
        try:
            with open_folder(self._run) as folder:
                try:
                    folder.create(part, content)
                    folder.rename(part, target)
                finally:
                    folder.remove_if_allowed(part)
        except OSError as error:
            raise cannot_write(self._run / self._own, error) from None

    def remove(self, *names: str) -> None:
        """Remove workers' files of these names; the run's own are the client's."""
        with open_folder(self._run) as folder:
            for file in _files(folder, self._own):
                if _name_of(file) in names:
                    folder.remove_if_allowed(file)

    def say(self, line: str) -> None:
        """Tell the client."""
        self._say(line)

    def log(self, event: str, **values: Any) -> None:
        """The log is the client's, which hears of a worker's steps anyway."""


class WorkerFolder:
    """A run folder of which a part is lent to workers, for its one writer."""

    def __init__(self, folder: RunFolder, topic: str) -> None:
        self._folder, self._own = folder, f"{NAME}/{topic}"

    def make(self) -> None:
        """Make the workers' folder. Raises RunError."""
        try:
            self._folder.files.make_folder(NAME)
            self._folder.files.make_folder(self._own)
        except OSError as error:
            raise cannot_write(self._folder.path / self._own, error) from None

    def finished(self, team: Sequence[Chunk]) -> None:
        """A team is kept: its checkpoints go."""
        beginning = prefix(team)
        for file in _files(self._folder.files, self._own):
            if _name_of(file).startswith(beginning):
                self._folder.files.remove_if_allowed(file)
        if names := self._folder.names(beginning):
            self._folder.remove(*names)


@contextmanager
def share_with_workers(folder: RunFolder | None, topic: str) -> Iterator[WorkerFolder | None]:
    """Inside, workers may keep checkpoints in the folder, if there is one; afterwards they are the run's."""
    if folder is None:
        yield None
        return
    own = WorkerFolder(folder, topic)
    own.make()
    try:
        yield own
    finally:
        collect_worker_checkpoints(folder)


def collect_worker_checkpoints(run: RunFolder) -> None:
    """Make the newest of the checkpoints that workers left the run's own, and remove their files and folders.

    Files of other names, and the folders that hold them, stay.
    """
    folder = run.files
    topics = [f"{NAME}/{name}" for name, kind in folder.listing(NAME).items() if kind == FOLDER]
    found = [file for topic in topics for file in _files(folder, topic)]
    taken: dict[str, set[str]] = {}
    for file in sorted(found, key=_name_of, reverse=True):
        name = _name_of(file)
        of_team = taken.setdefault(name.partition("-")[0], set())
        if name in of_team or len(of_team) == GENERATIONS or (content := _whole(folder, file)) is None:
            continue
        run.write_bytes(name, content)
        of_team.add(name)
    for topic in topics:
        parts = [f"{topic}/{name}" for name, kind in folder.listing(topic).items() if kind == FILE]
        for file in (*_files(folder, topic), *filter(is_part, parts)):
            folder.remove_if_allowed(file)
        _remove_folder(folder, topic)
    _remove_folder(folder, NAME)


def _remove_folder(folder: Folder, name: str) -> None:
    try:
        folder.remove_folder(name)
    except OSError:  # it hinders nobody: a folder that may not be changed keeps it
        return


def _files(folder: Folder, topic: str) -> list[str]:
    """The workers' checkpoints of a topic, by their whole names."""
    there = folder.listing(topic)
    return [f"{topic}/{name}" for name, kind in there.items() if kind == FILE and _FILE.fullmatch(name)]


def _name_of(file: str) -> str:
    """As the run's own checkpoints are named: "checkpoints/0003-000000001200.safetensors"."""
    return f"{KIND}{Path(file).stem.rpartition('-')[0]}.safetensors"


def _whole(folder: Folder, file: str, most: int | None = None) -> bytes | None:
    """The content of a worker's checkpoint; None where it is gone, has more than `most` bytes, or its SHA-256
    is not that of its name."""
    try:
        content = folder.read(file, most)
    except (FileNotFoundError, TooLargeError):
        return None
    return content if hashlib.sha256(content).hexdigest() == Path(file).stem.rpartition("-")[2] else None


def _manifest_of(folder: Folder) -> Manifest:
    try:
        return Manifest(folder).load()
    except RunError:  # the client, whose it is, says so
        return Manifest(folder)
