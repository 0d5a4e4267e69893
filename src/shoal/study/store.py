"""A run folder: study.toml, results.nc, weights.safetensors, report.html, log.jsonl, manifest.json.

Every file is written to a temporary name, synced and renamed, and its SHA-256 stands in the manifest, which
is written last. Nothing is pickled. A lock names the one writer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from filelock import FileLock, Timeout

from shoal.errors import RunError
from shoal.study.files import cannot_write, replace_synced, sha256

MANIFEST = "manifest.json"


class RunFolder:
    """The one writer of a run folder. Use it as a context: it holds the folder's lock."""

    def __init__(self, path: str | Path, study_text: str) -> None:
        self.path = Path(path)
        self._text = study_text
        self._lock = FileLock(self.path / ".lock", timeout=0)

    def __enter__(self) -> RunFolder:
        try:
            self._refuse_another_study()
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            raise RunError(
                f"{self.path} is being written by another process{self._writer()}.",
                "Wait for it, or choose another folder.",
            ) from None
        except OSError as error:
            raise cannot_write(self.path, error) from None
        return self

    def __exit__(self, *_: object) -> None:
        (self.path / ".lock").unlink(missing_ok=True)  # while it is held, so that no one else's is removed
        self._lock.release()

    def _refuse_another_study(self) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise RunError(f"{self.path} is a file; expected a folder for the run.", "Choose another --out.")
        kept = self.path / "study.toml"
        if kept.exists() and kept.read_bytes() != self._text.encode():
            raise RunError(
                f"{self.path} holds the run of another study.",
                "Choose another folder with --out, or move that one away: nothing in it was changed.",
            )
        if not kept.exists() and any(p.name != ".lock" for p in self.path.iterdir()):
            raise RunError(
                f"{self.path} is not empty and holds no run.", "Choose an empty or new folder with --out."
            )

    def _writer(self) -> str:
        """Who wrote the last "started" into the log."""
        log = self.path / "log.jsonl"
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        pids = [event["pid"] for event in events if "pid" in event]
        return f" (its id is {pids[-1]})" if pids else ""

    def write(self, name: str, fill: Callable[[Path], None]) -> None:
        """Write one file whole or not at all, and enter it into the manifest."""
        part = self.path / f".{name}.part"
        try:
            fill(part)
            part.chmod(0o644)  # safetensors keeps its files from other readers
            replace_synced(part, self.path / name)
            self._enter(name)
        except OSError as error:
            raise cannot_write(self.path, error) from None
        finally:
            part.unlink(missing_ok=True)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, its line ends as they are."""
        self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file of these bytes."""

        def fill(part: Path) -> None:
            part.write_bytes(content)

        self.write(name, fill)

    def log(self, event: str, **values: Any) -> None:
        """Append one line to log.jsonl."""
        try:
            with (self.path / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": event, **values}) + "\n")
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def _enter(self, name: str) -> None:
        manifest = self.path / MANIFEST
        entries = _manifest(manifest) if manifest.exists() else {}
        entries[name] = sha256(self.path / name)
        part = self.path / f".{MANIFEST}.part"
        part.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        replace_synced(part, manifest)


def write_results(folder: RunFolder, dataset: xr.Dataset) -> None:
    """results.nc, through h5netcdf."""
    write_dataset(folder, "results.nc", dataset)


def write_dataset(folder: RunFolder, name: str, dataset: xr.Dataset) -> None:
    """A labelled array as a NetCDF file."""

    def fill(part: Path) -> None:
        dataset.to_netcdf(part, engine="h5netcdf", format="NETCDF4")

    folder.write(name, fill)


def write_weights(folder: RunFolder, weights: Mapping[str, np.ndarray]) -> None:
    """weights.safetensors: "cell label/seed=0/affine_1.W" -> array."""
    from safetensors.numpy import save_file

    def fill(part: Path) -> None:
        save_file({name: np.ascontiguousarray(value) for name, value in weights.items()}, part)

    folder.write("weights.safetensors", fill)


@dataclass(frozen=True)
class Run:
    """A finished run, read back. `results` is the labelled Dataset."""

    path: Path
    results: xr.Dataset
    study_text: str

    def weights(self, prefix: str = "") -> dict[str, np.ndarray]:
        """Final weights whose name begins with `prefix`: "batch_norm=true, l2=0.001/seed=0/affine_1.W"."""
        from safetensors import safe_open

        file = self.path / "weights.safetensors"
        if not file.exists():
            raise RunError(f"{self.path} has no weights.", 'Run with [record] weights = "all" or "best".')
        with safe_open(file, framework="numpy") as stored:
            return {name: stored.get_tensor(name) for name in stored.keys() if name.startswith(prefix)}  # noqa: SIM118


def open_run(path: str | Path) -> Run:
    """Read a run folder back. Raises RunError where it is none, or where a file is not what was written."""
    path = Path(path)
    if not all(os.path.exists(path / name) for name in (MANIFEST, "results.nc")):
        raise RunError(
            f"{path} is not the folder of a finished run.", "Name the folder that `shoal run` wrote."
        )
    try:
        _require_as_written(path)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.", "Make its files readable.") from None
    with xr.open_dataset(path / "results.nc", engine="h5netcdf") as stored:
        results = stored.load()
    return Run(path, results, (path / "study.toml").read_bytes().decode())


def _require_as_written(path: Path) -> None:
    written = _manifest(path / MANIFEST)
    for name in sorted({"study.toml", "results.nc", *written}):
        if not (path / name).exists() or sha256(path / name) != written.get(name):
            raise RunError(
                f"{path / name} is not what was written: its SHA-256 differs from the manifest's.",
                "Restore it from a copy, or run the study again in a new folder.",
            )


def _manifest(path: Path) -> dict[str, str]:
    try:
        entries = json.loads(path.read_bytes())
    except ValueError:
        entries = None
    if not isinstance(entries, dict):
        raise RunError(
            f"{path} is damaged.", "Restore it from a copy, or run the study again in a new folder."
        )
    return entries
