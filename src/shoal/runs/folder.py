"""The writer of a run folder: whole files, their hashes, a log.

Whatever lies in the folder may have come from someone else: every file is reached by way of the open folder
(`shoal.folder.Folder`), and only names that a run writes are read or removed. A folder that holds another
study is refused, with what differs.
"""

from __future__ import annotations

import difflib
import errno
import hashlib
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from shoal.errors import RunError
from shoal.files import FILE, TooLargeError, cannot_read, cannot_write, is_part, part_of
from shoal.folder import Folder
from shoal.population.signals import deferred
from shoal.runs.lock import WriterLock
from shoal.runs.manifest import OWN, PIECES, Manifest, is_known
from shoal.text import printable

MOST_LINES = 30  # of a difference that is shown


def another_study(folder: Path, kept: bytes, text: str) -> RunError:
    """The folder's study.toml, `kept`, is not the one with this text: where they differ."""
    return RunError(
        f"{folder} holds the run of another study. The one there (-) and this one (+):\n"
        + difference(kept.decode(errors="replace"), text),
        "Choose another folder with --out, or move that one away: nothing in it was changed.",
    )


def difference(before: str, now: str) -> str:
    """Two texts as a short unified difference, indented."""
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), n=1, lineterm="")
    shown = [line for line in lines if not line.startswith(("---", "+++"))]
    rest = [f"... and {len(shown) - MOST_LINES} more lines"] if len(shown) > MOST_LINES else []
    return "\n".join(f"  {printable(line)}" for line in [*shown[:MOST_LINES], *rest])


BELOW = ("chunks", "checkpoints", "workers", "rounds")  # folders in a run folder
MOST_STUDY_BYTES = 2**24


def open_folder(path: str | Path) -> Folder:
    """A run folder that is there. Raises OSError; UnsafeFileError where it holds links, devices or pipes.

    A round of a search, SEARCH/rounds/00, is reached from the search's folder and not through a link in it.
    """
    path = Path(path)
    if path.parent.name == "rounds":
        with Folder.open(path.parent.parent) as search:
            folder = search.folder(f"rounds/{path.name}")
    else:
        folder = Folder.open(path)
    try:
        folder.require_plain(*BELOW)
    except BaseException:
        folder.close()
        raise
    return folder


def make_folder(path: Path) -> Folder:
    """The same, made where there is none, with those that lead to it."""
    if path.parent.name == "rounds":
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        with Folder.open(path.parent.parent) as search:
            search.make_folder("rounds")
            search.make_folder(f"rounds/{path.name}")
    else:
        path.mkdir(parents=True, exist_ok=True)
    return open_folder(path)


class RunFolder:
    """The one writer of a run folder. Use it as a context: it holds the folder's lock.

    `say` hears of whatever is remarkable: a stale lock taken over, a damaged file. It also goes to the log.
    """

    def __init__(
        self, path: str | Path, study_text: str, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self.path = Path(path)
        self._text, self._tell = study_text, say
        self._writing = threading.RLock()

    def __enter__(self) -> RunFolder:
        try:
            self._refuse_another_study()
            self._folder = make_folder(self.path)
        except OSError as error:
            raise cannot_write(self.path, error) from None
        try:
            self._lock = WriterLock(self._folder, self.say)
            self.manifest = Manifest(self._folder)
            self._lock.acquire()
            try:
                self.manifest.load()
                self._mend()
            except BaseException:
                self._lock.release()
                raise
        except BaseException as error:
            self._folder.close()
            if isinstance(error, OSError):
                raise cannot_write(self.path, error) from None
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        self._folder.close()

    def _refuse_another_study(self) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise RunError(f"{self.path} is a file; expected a folder for the run.", "Choose another --out.")
        with open_folder(self.path) as folder:
            if not folder.exists("study.toml"):
                if not all(map(_own, folder.listing())):
                    raise RunError(
                        f"{self.path} is not empty and holds no run.",
                        "Choose an empty or new folder with --out.",
                    )
                return
            kept = folder.read("study.toml", MOST_STUDY_BYTES)
            if kept != self._text.encode() and not self._damaged_study(folder):
                raise another_study(self.path, kept, self._text)

    def _damaged_study(self, folder: Folder) -> bool:
        """Whether the folder is this study's and its study.toml alone is not what was written."""
        digest = hashlib.sha256(self._text.encode()).hexdigest()
        return Manifest(folder).load().holds("study.toml", digest)

    def _mend(self) -> None:
        self._sweep()
        if self.manifest.recovered:
            self.say("manifest.json is damaged: the one before it is used.")
        kept = "study.toml" in self.manifest and self._folder.exists("study.toml")
        if kept and not self.manifest.as_written("study.toml"):
            self.say("study.toml is damaged: it is written again.")
            self.write_text("study.toml", self._text)

    def _sweep(self) -> None:
        """Remove pieces that no manifest knows: a process was killed between a file and its entry.

        Only files of a run's own names go, one by one; a folder that holds anything else stays.
        """
        for below in ("chunks", "checkpoints"):
            for last, kind in self._folder.listing(below).items():
                name = f"{below}/{last}"
                if kind == FILE and name not in self.manifest and is_piece(name):
                    self._folder.remove(name)
            if not self.manifest.names(f"{below}/"):
                self._folder.remove_folder(below)
        for name, kind in self._folder.listing().items():
            if kind == FILE and is_piece(name) and is_part(name):
                self._folder.remove(name)
        if "run.json" not in self.manifest:
            self._folder.remove("run.json")

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write one file whole or not at all, and enter it into the manifest."""
        part = part_of(name)
        digest = hashlib.sha256(content).hexdigest()
        try:
            self._lock.require_held()
            if not self._folder.in_place:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            if "/" in name:
                self._folder.make_folder(name.partition("/")[0])
            self._folder.remove(part)
            self._folder.create(part, content)
            with self._writing, deferred():
                self.manifest.announce(name, digest)
                self._folder.rename(part, name)
                self.manifest.enter(name, digest)
        except OSError as error:
            raise cannot_write(self.path, error) from None
        finally:
            self._folder.remove_if_allowed(part)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, its line ends as they are."""
        self.write_bytes(name, text.encode())

    def names(self, beginning: str = "") -> list[str]:
        """The files of the run whose name begins so, sorted."""
        return self.manifest.names(beginning)

    def read(self, name: str, most: int | None = None) -> bytes | None:
        """What was written under this name; None, and a line that says so, where it is no longer that, or has
        more than `most` bytes."""
        if name not in self.manifest:
            return None
        try:
            content = self._folder.read(name, most)
        except FileNotFoundError:
            content = None
        except TooLargeError as error:
            self.say(error.what)
            return None
        except OSError as error:
            raise cannot_read(self.path / name, error) from None
        digest = None if content is None else hashlib.sha256(content).hexdigest()
        if not self.manifest.holds(name, digest):
            self.say(f"{name} is {'gone' if content is None else 'damaged (its SHA-256 differs)'}.")
            return None
        return content  # None too where a killed process had only announced it

    def remove(self, *names: str) -> None:
        """Remove files of the run, from the manifest first."""
        try:
            with self._writing, deferred():
                self.manifest.forget([*names])
                for name in names:
                    self._folder.remove(name)
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def remove_pieces(self) -> None:
        """Remove what only an unfinished run needs, and what killed processes left half written."""
        gone = [name for name in self.manifest.names() if not self._folder.exists(name)]
        self.remove(*gone, *(name for beginning in PIECES for name in self.manifest.names(beginning)))
        try:
            self._sweep()
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def say(self, line: str) -> None:
        """Tell whoever follows the run, and the log."""
        self._tell(f"{self.path}: {line}")
        self.log("note", text=line)

    def log(self, event: str, **values: Any) -> None:
        """Append one line to log.jsonl."""
        try:
            line = json.dumps({"event": event, **values}) + "\n"
            self._folder.append("log.jsonl", line.encode())
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def listing(self, below: str) -> dict[str, str]:
        """The names in a folder below this one, with their kinds; none where it is not there."""
        return self._folder.listing(below)

    @property
    def files(self) -> Folder:
        """The open folder."""
        return self._folder


def sweep_finished(path: Path, study_text: str) -> None:
    """Remove what a process that was killed in the last moment of its run left of its pieces.

    They hinder nobody: a folder that cannot be written, or that is being written, keeps them.
    """
    with open_folder(path) as folder:
        there = folder.listing()
    if any(name.rstrip("/") in there for name in PIECES) or any(map(is_piece, filter(is_part, there))):
        with suppress(RunError), RunFolder(path, study_text):
            pass  # whoever begins to write sweeps


def is_piece(name: str) -> bool:
    """Whether a run writes a file of this name, or the part of one."""
    if not is_part(name):
        return is_known(name)
    folder, slash, last = name.rpartition("/")
    whole = f"{folder}{slash}{last[1:-5]}"
    return is_known(whole) or whole in OWN


def _own(name: str) -> bool:
    """Whether a file may stand in the folder of a run that was killed before its study was written."""
    return name in OWN or is_part(name)
