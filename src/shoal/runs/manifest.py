"""The manifest of a run folder: the SHA-256 of every file, true at every instant.

A file that is being replaced stands there with two hashes, the old and the new one (null: no file before), so
that whichever a killed process left behind is known. While a run is unfinished the manifest before the last
one is kept too: a damaged manifest costs no more than the newest file. It may name files of the folder's own
naming scheme alone: whatever else it names is neither read nor removed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from shoal.errors import RunError
from shoal.folder import Folder
from shoal.text import printable

MANIFEST = "manifest.json"
PREVIOUS = ".manifest.previous.json"
OWN = (".lock", MANIFEST, PREVIOUS, "log.jsonl")  # beside the files that stand in the manifest
PIECES = ("chunks/", "checkpoints/", "run.json")  # what only an unfinished run holds
MOST_BYTES = 2**26  # of a manifest: some 600,000 files

_NAME = re.compile(
    r"(chunks/\d{4,9}|checkpoints/\d{4,9}-\d{12}|checkpoints/rung-\d{4})\.safetensors"
    r"|(?!\.|manifest\.json$|log\.jsonl$)[A-Za-z0-9_.-]{1,100}\.(toml|json|nc|safetensors|html|svg|csv|png)"
)
_DIGEST = re.compile(r"[0-9a-f]{64}")

Entry = str | list[str | None]


class Manifest:
    """The entries of one folder. Only the writer of the folder changes them."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._entries: dict[str, Entry] = {}
        self.recovered = False  # whether the entries are those of the manifest before a damaged one

    def load(self) -> Manifest:
        """Read what is there; from the manifest before where the last one is damaged. Raises RunError."""
        if not self._folder.exists(MANIFEST):
            return self
        try:
            self._entries = _read(self._folder, MANIFEST)
        except RunError:
            if not self._folder.exists(PREVIOUS):
                raise
            self._entries = _read(self._folder, PREVIOUS)
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
        return self.holds(name, self._folder.sha256(name) if self._folder.exists(name) else None)

    def announce(self, name: str, digest: str) -> None:
        """The file is about to be replaced: from now on its old hash and its new one are both right."""
        before = None
        if name in self._entries and self._folder.exists(name):
            before = self._folder.sha256(name)
        self._change({**self._entries, name: [before, digest]})

    def enter(self, name: str, digest: str) -> None:
        """The file stands there."""
        self._change({**self._entries, name: digest})

    def forget(self, names: list[str]) -> None:
        """These files no longer belong to the run."""
        self._change({name: entry for name, entry in self._entries.items() if name not in names})

    def _change(self, entries: dict[str, Entry]) -> None:
        if self.recovered:  # the one before is the only one that can be read until there is a whole one again
            self._folder.replace(MANIFEST, _text(self._entries))
            self.recovered = False
        self._folder.remove(PREVIOUS)  # a process killed here leaves none beside a finished run
        if any(name.startswith(PIECES) for name in entries):
            self._folder.create(PREVIOUS, _text(self._entries), sync=False)
        self._folder.replace(MANIFEST, _text(entries))
        self._entries = entries


def is_known(name: Any) -> bool:
    """Whether a run writes files of this name, of which its manifest then knows."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _text(entries: dict[str, Entry]) -> bytes:
    return (json.dumps(entries, indent=1, sort_keys=True) + "\n").encode()


def _read(folder: Folder, name: str) -> dict[str, Entry]:
    try:
        entries: Any = json.loads(folder.read(name, MOST_BYTES))
    except (ValueError, RecursionError):
        entries = None
    wrong = ""
    if not isinstance(entries, dict) or not all(map(_is_entry, entries.values())):
        wrong = "it is no table of SHA-256"
    elif strange := [one for one in entries if not is_known(one)]:
        wrong = f"it names {printable(repr(strange[0]), 100)}, which is no file that a run writes"
    if wrong:
        raise RunError(
            f"{folder.path / name} is damaged: {wrong}.",
            "Restore it from a copy, or run the study again in a new folder.",
        )
    return entries


def _is_entry(entry: Any) -> bool:
    if isinstance(entry, list):
        return len(entry) == 2 and all(digest is None or _is_digest(digest) for digest in entry)
    return _is_digest(entry)


def _is_digest(text: Any) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None
