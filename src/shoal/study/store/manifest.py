"""The manifest of a run folder: the SHA-256 of every file, true at every instant.

A file that is being replaced stands there with two hashes, the old and the new one (null: no file before), so
that whichever a killed process left behind is known. While a run is unfinished the manifest before the last
one is kept too: a damaged manifest costs no more than the newest file.
"""

from __future__ import annotations

import json
from pathlib import Path

from shoal.errors import RunError
from shoal.study.files import replace_synced, sha256

MANIFEST = "manifest.json"
PREVIOUS = ".manifest.previous.json"
OWN = (".lock", MANIFEST, PREVIOUS, "log.jsonl")  # beside the files that stand in the manifest
PIECES = ("chunks/", "checkpoints/", "run.json")  # what only an unfinished run holds

Entry = str | list[str | None]


class Manifest:
    """The entries of one folder. Only the writer of the folder changes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, Entry] = {}
        self.recovered = False  # whether the entries are those of the manifest before a damaged one

    def load(self) -> Manifest:
        """Read what is there; from the manifest before where the last one is damaged. Raises RunError."""
        path = self._folder / MANIFEST
        if not path.exists():
            return self
        try:
            self._entries = _read(path)
        except RunError:
            if not (self._folder / PREVIOUS).exists():
                raise
            self._entries = _read(self._folder / PREVIOUS)
            self.recovered = True
        return self

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self, beginning: str = "") -> list[str]:
        """The files whose name begins so, sorted."""
        return sorted(name for name in self._entries if name.startswith(beginning))

    def holds(self, name: str, digest: str | None) -> bool:
        """Whether a file with this SHA-256 (None: no file) is what was written under this name."""
        entry = self._entries.get(name)
        return digest in entry if isinstance(entry, list) else digest == entry

    def as_written(self, name: str) -> bool:
        """Whether the file on the disk is what was written."""
        file = self._folder / name
        return self.holds(name, sha256(file) if file.exists() else None)

    def announce(self, name: str, digest: str) -> None:
        """The file is about to be replaced: from now on its old hash and its new one are both right."""
        file = self._folder / name
        before = sha256(file) if name in self._entries and file.exists() else None
        self._change({**self._entries, name: [before, digest]})

    def enter(self, name: str, digest: str) -> None:
        """The file stands there."""
        self._change({**self._entries, name: digest})

    def forget(self, names: list[str]) -> None:
        """These files no longer belong to the run."""
        self._change({name: entry for name, entry in self._entries.items() if name not in names})

    def _change(self, entries: dict[str, Entry]) -> None:
        if self.recovered:  # the one before is the only one that can be read until there is a whole one again
            self._replace(self._entries)
            self.recovered = False
        if any(name.startswith(PIECES) for name in entries):
            (self._folder / PREVIOUS).write_text(_text(self._entries), encoding="utf-8")
        else:  # first, so that a process killed here leaves none beside a finished run
            (self._folder / PREVIOUS).unlink(missing_ok=True)
        self._replace(entries)
        self._entries = entries

    def _replace(self, entries: dict[str, Entry]) -> None:
        part = self._folder / f".{MANIFEST}.part"
        try:
            part.write_text(_text(entries), encoding="utf-8")
            replace_synced(part, self._folder / MANIFEST)
        finally:
            part.unlink(missing_ok=True)


def _text(entries: dict[str, Entry]) -> str:
    return json.dumps(entries, indent=1, sort_keys=True) + "\n"


def _read(path: Path) -> dict[str, Entry]:
    try:
        entries = json.loads(path.read_bytes())
    except ValueError:
        entries = None
    if not isinstance(entries, dict):
        raise RunError(
            f"{path} is damaged.", "Restore it from a copy, or run the study again in a new folder."
        )
    return entries
