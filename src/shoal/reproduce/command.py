"""`shoal reproduce` from beginning to end: plan, run what is missing, decide, write."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shoal.errors import RunError
from shoal.folder import Folder
from shoal.population.progress import ProgressListener
from shoal.reproduce.adapt import Mode, study_for
from shoal.reproduce.computed import compute
from shoal.reproduce.draw import draw_pictures
from shoal.reproduce.evidence import ReproductionData
from shoal.reproduce.ledger import Ledger, RunRecord, json_text, make_ledger
from shoal.reproduce.markdown import write_markdown
from shoal.reproduce.model import Chosen, choose
from shoal.reproduce.page import render_page
from shoal.reproduce.running import Finished, Runs, studies_of
from shoal.study.settings.study import Study
from shoal.version import __version__


@dataclass(frozen=True)
class Task:
    """One study of the plan; `found` where it is finished already."""

    name: str
    study: Study
    found: Finished | None


@dataclass(frozen=True)
class Request:
    """What was asked for and where it goes. `also`: folders with finished runs that may be used."""

    names: tuple[str, ...]
    mode: Mode
    out: Path
    data_dir: Path | None = None
    also: tuple[Path, ...] = ()
    docs: Path | None = None
    finished_only: bool = False
    parts: tuple[Chosen, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(choose(self.names)))

    @property
    def runs(self) -> Runs:
        """Run folders by mode: a quick run is never taken for a whole one."""
        mode = "-".join(["runs", *["quick"] * self.mode.quick, *["digits"] * self.mode.digits])
        return Runs(self.out / mode, self.also)


def plan(request: Request) -> list[Task]:
    """Every study of the parts, with what is finished already. Raises RunError for damaged runs."""
    tasks = []
    for name, own_seeds in studies_of(request.parts):
        study = study_for(name, request.mode, own_seeds)
        tasks.append(Task(name, study, request.runs.find(name, study)))
    return tasks


def reproduce_reports(
    request: Request, tasks: Sequence[Task], watching: Callable[[str], ProgressListener | None]
) -> tuple[Ledger, Path]:
    """Run what is missing, one study after another, then decide and write; the ledger and the page's path.

    `watching` is called with each study's name before it runs. Raises Interrupted after Ctrl-C.
    """
    began = time.perf_counter()
    finished = [
        task.found
        or request.runs.train(task.name, task.study, request.mode, request.data_dir, watching(task.name))
        for task in tasks
        if task.found or not request.finished_only
    ]
    computed = compute(request.parts, request.mode)
    evidence = ReproductionData(request.mode, {one.name: one.results for one in finished}, computed)
    made = [_made(one) for one in finished]
    ledger = make_ledger(request.parts, evidence, made, time.perf_counter() - began)
    return ledger, _write(request, ledger, evidence)


def _made(one: Finished) -> RunRecord:
    attributes = one.results.attrs
    return RunRecord(
        one.name,
        str(one.folder),
        one.trained,
        float(attributes["seconds_total"]),
        int(one.results["finished"].size),
        int(one.results.sizes["seed"]),
        str(attributes["device"]),
        json.loads(attributes["versions"]),
    )


def _write(request: Request, ledger: Ledger, evidence: ReproductionData) -> Path:
    """index.html, reproduction.md with images/, ledger.json; and the page of the docs where asked."""
    out, pictures = request.out, draw_pictures(request.parts, evidence)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with Folder.open(out) as folder:
            folder.make_folder("images")
            folder.replace("index.html", render_page(ledger, pictures, __version__).encode())
            folder.replace("ledger.json", json_text(ledger).encode())
        write_markdown(ledger, pictures, out / "reproduction.md", out / "images")
        if request.docs is not None:
            images = request.docs.parent / "images" / request.docs.stem
            write_markdown(ledger, pictures, request.docs, images)
    except OSError as error:
        raise RunError(
            f"{error.filename or out} cannot be written: {error.strerror}.",
            "Choose a writable folder with --out.",
        ) from None
    return out / "index.html"
