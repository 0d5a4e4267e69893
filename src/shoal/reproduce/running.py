"""Each study's run folder: kept, found again, resumed; never trained twice.

How long a study will take is estimated from how long it took on a machine that is named.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import xarray as xr

from shoal.api import run
from shoal.errors import RunError
from shoal.population.progress import ProgressListener
from shoal.report import render
from shoal.reproduce.adapt import Mode
from shoal.runs.folder import RunFolder
from shoal.runs.read_write import Run, open_run, study_text
from shoal.study.settings.data import DataSettings
from shoal.study.settings.study import Study
from shoal.training.batches import batches_of, total_steps

EXAMPLES = {"cifar10": 50_000, "mnist": 60_000, "fashion-mnist": 60_000, "digits": 1_437}
OWN_FILE = 5_000  # of report 003's own digits
UNKNOWN = 500.0  # microseconds of a network-step that nobody has timed yet
HONESTY = (
    "From the times that these studies took on two CPU cores with little else to do; the digits take less, "
    "and another machine or a GPU may take a fraction or a multiple."
)


def estimate(name: str, study: Study) -> float:
    """Seconds: a fixed part for loading, compiling and checking, and a time for each network-step."""
    fixed, each = _timings().get(name, (20.0, UNKNOWN))
    return fixed + each * 1e-6 * network_steps(study)


def network_steps(study: Study) -> int:
    """Steps of all networks of a study, its data not loaded."""
    steps = 0
    for cell in study.cells():
        training = cell.settings.training
        examples = _examples(cell.settings.data)
        size = examples if training.batch_size == "whole" else min(training.batch_size, examples)
        batches = batches_of(examples, size, False)
        steps += total_steps(training, batches.per_epoch)
    return steps * len(study.seeds)


def _examples(settings: DataSettings) -> int:
    """Training examples of a cell's data."""
    if isinstance(settings.train, int) and settings.train:
        return settings.train
    count = settings.examples or EXAMPLES.get(settings.name, OWN_FILE)
    held_out = settings.validation
    return max(1, count - round(held_out if isinstance(held_out, int) else held_out * count))


@cache
def _timings() -> dict[str, tuple[float, float]]:
    """(seconds, microseconds per network-step) by study, as measured."""
    file = resources.files("shoal.reproduce") / "timings.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: (float(fixed), float(each)) for name, (fixed, each) in tables["study"].items()}


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
        self, name: str, study: Study, mode: Mode, data_dir: Path | None, watcher: ProgressListener | None
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
