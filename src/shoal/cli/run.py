"""`shoal run STUDY.toml`: train a whole study, write its run folder and draw its report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli.output import plain, say
from shoal.cli.resume_options import (
    command_to_go_on,
    folder_to_resume,
    free_folder,
    is_resumable,
    refuse_finished,
)
from shoal.cli.signals import stop_signals
from shoal.errors import ClusterError, DeviceError, HaltedError

if TYPE_CHECKING:
    import xarray as xr

    from shoal.study.settings.study import Study


@contextmanager
def results_kept(folder: Path) -> Iterator[None]:
    """Around what follows a training: where it fails, for any reason, it is said where the results are."""
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            say(f"The results are kept in {folder}; only their presentation failed.", err=True)


def add_report(folder: Path, dataset: xr.Dataset, study_text: str, search: xr.Dataset | None = None) -> Path:
    """Draw report.html from a run's results, and the path of its search, into its folder; return its path."""
    from shoal.report import render
    from shoal.runs.folder import RunFolder

    page = render(dataset, search)
    with RunFolder(folder, study_text) as kept:
        kept.write_text("report.html", page)
    return folder / "report.html"


def run(
    study: Annotated[Path, typer.Argument(help="The study file (TOML).", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the run.", show_default="runs/NAME, or the next free NAME-2 ..."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where the data sets lie.", envvar="SHOAL_DATA_DIR", show_default=False),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="This many seeds instead of the study's.", min=1)] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            help="Most GiB that one chunk of members may take.",
            min=0.05,
            show_default="1 on a CPU, half of a GPU's memory",
        ),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print the plan and stop.")] = False,
    check: Annotated[bool, typer.Option(help="Check the gradients of each distinct network.")] = True,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with an unfinished run of this study: that in --out, else the newest."
        ),
    ] = False,
    checkpoint_every: Annotated[
        float, typer.Option(metavar="SECONDS", help="How often the training on its way is kept.", min=0)
    ] = 60.0,
    force: Annotated[
        bool, typer.Option("--force", help="Resume although versions, the device or the plan have changed.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Train on Dask workers: local:N, tcp://HOST:PORT, or FILE.toml for a batch system.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train every network of a study as one computation; write results, weights and report."""
    from shoal.api import run as run_study
    from shoal.cli.progress import watcher
    from shoal.study.load import load_study

    most_bytes = None if memory is None else memory * 2**30
    loaded = load_study(study) if seeds is None else load_study(study, seeds=seeds)
    if explain:
        _explain(loaded, data_dir, most_bytes)
        return
    folder = _folder(out, study.stem, loaded, resume)
    with stop_signals() as heard:
        try:
            with watcher(heard.look) as watching:
                dataset = run_study(
                    loaded,
                    folder,
                    data_dir=data_dir,
                    memory=most_bytes,
                    check=check,
                    watcher=watching,
                    resume=resume,
                    checkpoint_every=checkpoint_every,
                    force=force,
                    cluster=cluster,
                )
        except KeyboardInterrupt as stop:
            where = str(stop) if loaded.search else "Interrupted before any chunk was finished."
            then = _next(folder) or " There is nothing to keep."
            say(f"{where}{then}", err=True)
            raise typer.Exit(heard.exit_code) from None
        except (HaltedError, DeviceError, ClusterError) as error:
            raise type(error)(error.what, error.remedy + _next(folder)) from None
    finish(loaded, dataset, folder, heard.exit_code)


def _folder(out: Path | None, name: str, study: Study, resume: bool) -> Path:
    if resume:
        folder, line = (out, "") if out else folder_to_resume(Path("runs"), name, study)
        say(line, err=True, nl=bool(line))
        return folder
    folder = out or free_folder(Path("runs"), name)
    refuse_finished(folder)
    return folder


def _next(folder: Path) -> str:
    return f"\nGo on with: {command_to_go_on(folder)}" if is_resumable(folder) else ""


def _explain(study: Study, data_dir: Path | None, memory: float | None) -> None:
    from shoal.cli.explain import print_plan, print_search
    from shoal.data.inputs import Loader
    from shoal.population.plan import plan_with

    loader = Loader(data_dir, folder=study.folder)
    if study.search is None:
        print_plan(plan_with(study, loader, memory))
    else:
        print_search(study, lambda own: plan_with(own, loader, memory))


def finish(study: Study, dataset: xr.Dataset, folder: Path, exit_code: int = 130) -> None:
    """Write the report, print the table, and say where things are. Exits with `exit_code` after Ctrl-C."""
    from rich.console import Console

    from shoal.report import print_summary
    from shoal.runs.read_write import open_run

    console = Console(width=None if sys.stdout.isatty() else 110)
    with results_kept(folder):
        search = open_run(folder).search if study.search is not None else None
        page = add_report(folder, dataset, study.text, search)  # first: a pipe may close while we print
        print_summary(dataset, console, search=search)
        console.print(plain(f"Report: {page}"), soft_wrap=True)
    if dataset.attrs["status"] == "interrupted":
        finished = int(dataset["finished"].sum())
        console.print(f"Interrupted: {finished} of {dataset['finished'].size} members are finished and kept.")
        console.print(plain(_next(folder).lstrip()), soft_wrap=True)
        raise typer.Exit(exit_code)
