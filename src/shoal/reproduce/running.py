"""Each study's run folder: kept, found again, gone on with; never trained twice."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from shoal.errors import RunError
from shoal.report import render
from shoal.reproduce.adapt import Mode
from shoal.study.run import run
from shoal.study.spec import Study
from shoal.study.store import Run, RunFolder, open_run, study_text
from shoal.study.watching import Watcher


class Interrupted(Exception):
    """Ctrl-C while a study was trained; what was finished is kept in its folder."""


@dataclass(frozen=True)
class Finished:
    """A study that was run to its end. trained: in this call, not before."""

    name: str
    results: xr.Dataset
    folder: Path
    trained: bool = False


@dataclass(frozen=True)
class Runs:
    """Where the runs of a mode lie: `folder` is written, `others` are only looked into."""

    folder: Path
    others: tuple[Path, ...] = ()

    def find(self, name: str, study: Study) -> Finished | None:
        """A finished run of this very study with as many seeds or more, or None.

        Raises RunError where such a run's files are not what was written.
        """
        for folder in self._places(name, study):
            if (found := _finished(folder, study)) is not None:
                return Finished(name, found.results, folder)
        return None

    def train(
        self, name: str, study: Study, mode: Mode, data_dir: Path | None, watcher: Watcher | None
    ) -> Finished:
        """Run a study, or go on with it where it stopped. Raises Interrupted after Ctrl-C."""
        folder = self._own(name, study)
        if (kept := _text(folder)) is not None:
            study = study.model_copy(update={"text": kept})  # the same settings, perhaps other spaces
        try:
            results = run(
                study, folder, data_dir=data_dir, check=not mode.quick, watcher=watcher, resume=True
            )
        except KeyboardInterrupt:
            raise Interrupted(name) from None
        if results.attrs["status"] != "complete":
            raise Interrupted(name)
        if not mode.quick:
            with RunFolder(folder, study.text) as kept_folder:
                kept_folder.write_text("report.html", render(results))
        return Finished(name, results, folder, trained=True)

    def _places(self, name: str, study: Study) -> list[Path]:
        own = [self.folder / name, self.folder / _with_seeds(name, study)]
        return [*own, *(other / name for other in self.others)]

    def _own(self, name: str, study: Study) -> Path:
        """The folder to write: NAME, or NAME-5-seeds where NAME holds fewer. Raises RunError if both are
        taken by other studies."""
        for folder in (self.folder / name, self.folder / _with_seeds(name, study)):
            kept = _text(folder)
            if kept is None or _tables(kept) == _tables(study.text):
                return folder
        raise RunError(
            f"{self.folder / name} holds the run of another study.", "Choose another --out, or move it away."
        )


def _with_seeds(name: str, study: Study) -> str:
    return f"{name}-{len(study.seeds)}-seeds"


def _finished(folder: Path, study: Study) -> Run | None:
    text = _text(folder)
    if text is None or not (folder / "results.nc").exists():
        return None
    if _tables(text, seeds=False) != _tables(study.text, seeds=False):
        return None
    found = open_run(folder)
    enough = found.results.sizes["seed"] >= len(study.seeds)
    return found if enough and found.results.attrs["status"] == "complete" else None


def _text(folder: Path) -> str | None:
    content = study_text(folder)
    return None if content is None else content.decode(errors="replace")


def _tables(text: str, seeds: bool = True) -> dict[str, Any]:
    """What a study file says, whatever its spaces and comments; without its number of seeds if so asked."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    if not seeds:
        tables["vary"] = {k: v for k, v in tables.get("vary", {}).items() if k != "seed"}
    return tables


def studies_of(parts: Sequence[Any]) -> list[tuple[str, bool]]:
    """The studies of chosen parts, each once, in order; and whether each keeps its own number of seeds."""
    found: dict[str, bool] = {}
    for _, _, part in parts:
        for name in part.studies:
            found.setdefault(name, part.seeds == "own")
    return list(found.items())
