"""The writer of a run folder: whole files, their hashes, a log."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from shoal.errors import RunError
from shoal.study.deferred import deferred
from shoal.study.files import cannot_write, remove_if_there, replace_synced, sha256, sync_folder
from shoal.study.store.another import another_study
from shoal.study.store.lock import WriterLock
from shoal.study.store.manifest import OWN, PIECES, Manifest


class RunFolder:
    """The one writer of a run folder. Use it as a context: it holds the folder's lock.

    `say` hears of whatever is remarkable: a stale lock taken over, a damaged file. It also goes to the log.
    """

    def __init__(
        self, path: str | Path, study_text: str, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self.path = Path(path)
        self._text, self._tell = study_text, say
        self._lock = WriterLock(self.path, self.say)
        self._writing = threading.RLock()
        self.manifest = Manifest(self.path)

    def __enter__(self) -> RunFolder:
        try:
            self._refuse_another_study()
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except OSError as error:
            raise cannot_write(self.path, error) from None
        try:
            self.manifest.load()
            self._mend()
        except BaseException as error:
            self._lock.release()
            if isinstance(error, OSError):
                raise cannot_write(self.path, error) from None
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _refuse_another_study(self) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise RunError(f"{self.path} is a file; expected a folder for the run.", "Choose another --out.")
        kept = self.path / "study.toml"
        if not kept.exists() and any(not _own(p.name) for p in self.path.iterdir()):
            raise RunError(
                f"{self.path} is not empty and holds no run.", "Choose an empty or new folder with --out."
            )
        if kept.exists() and kept.read_bytes() != self._text.encode() and not self._damaged_study():
            raise another_study(self.path, self._text)

    def _damaged_study(self) -> bool:
        """Whether the folder is this study's and its study.toml alone is not what was written."""
        digest = hashlib.sha256(self._text.encode()).hexdigest()
        return Manifest(self.path).load().holds("study.toml", digest)

    def _mend(self) -> None:
        self._sweep()
        if self.manifest.recovered:
            self.say("manifest.json is damaged: the one before it is used.")
        kept = "study.toml" in self.manifest and (self.path / "study.toml").exists()
        if kept and not self.manifest.as_written("study.toml"):
            self.say("study.toml is damaged: it is written again.")
            self.write_text("study.toml", self._text)

    def _sweep(self) -> None:
        """Remove pieces that no manifest knows: a process was killed between a file and its entry."""
        for folder in filter(Path.is_dir, (self.path / "chunks", self.path / "checkpoints")):
            for file in folder.iterdir():
                if f"{folder.name}/{file.name}" not in self.manifest:
                    file.unlink()
            if not self.manifest.names(f"{folder.name}/"):
                folder.rmdir()
        for part in self.path.glob(".*.part"):
            part.unlink()
        if "run.json" not in self.manifest:
            (self.path / "run.json").unlink(missing_ok=True)

    def write(self, name: str, fill: Callable[[Path], None]) -> None:
        """Write one file whole or not at all, and enter it into the manifest."""
        target = self.path / name
        part = target.parent / f".{target.name}.part"
        try:
            self._lock.require_held()
            self._make(target.parent)
            fill(part)
            part.chmod(0o644)  # safetensors keeps its files from other readers
            digest = sha256(part)
            with self._writing, deferred():
                self.manifest.announce(name, digest)
                replace_synced(part, target)
                self.manifest.enter(name, digest)
        except OSError as error:
            raise cannot_write(self.path, error) from None
        finally:
            remove_if_there(part)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, its line ends as they are."""
        self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file of these bytes."""

        def fill(part: Path) -> None:
            part.write_bytes(content)

        self.write(name, fill)

    def names(self, beginning: str = "") -> list[str]:
        """The files of the run whose name begins so, sorted."""
        return self.manifest.names(beginning)

    def read(self, name: str) -> bytes | None:
        """What was written under this name; None, and a line that says so, where it is no longer that."""
        if name not in self.manifest:
            return None
        try:
            content = (self.path / name).read_bytes()
        except FileNotFoundError:
            content = None
        except OSError as error:
            raise RunError(
                f"{self.path / name} cannot be read: {error.strerror}.", "Make it readable."
            ) from None
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
                    (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def remove_pieces(self) -> None:
        """Remove what only an unfinished run needs, and what killed processes left half written."""
        gone = [name for name in self.manifest.names() if not (self.path / name).exists()]
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
            with (self.path / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": event, **values}) + "\n")
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def _make(self, folder: Path) -> None:
        if folder != self.path and not folder.is_dir():
            folder.mkdir()
            sync_folder(self.path)


def sweep_finished(path: Path, study_text: str) -> None:
    """Remove what a process that was killed in the last moment of its run left of its pieces.

    They hinder nobody: a folder that cannot be written, or that is being written, keeps them.
    """
    if any((path / name.rstrip("/")).exists() for name in PIECES) or any(path.glob(".*.part")):
        with suppress(RunError), RunFolder(path, study_text):
            pass  # whoever begins to write sweeps


def _own(name: str) -> bool:
    """Whether a file may stand in the folder of a run that was killed before its study was written."""
    return name in OWN or (name.startswith(".") and name.endswith(".part"))
