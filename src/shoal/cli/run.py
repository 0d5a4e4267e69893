"""`shoal run STUDY.toml`: train a whole study and write its run folder and report."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import xarray as xr

    from shoal.study.spec import Study


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
) -> None:
    """Train every network of a study as one computation; write results, weights and report."""
    from shoal.cli.progress import watcher
    from shoal.study.load import load_study
    from shoal.study.run import plan_study
    from shoal.study.run import run as run_study

    most_bytes = None if memory is None else memory * 2**30
    loaded = load_study(study) if seeds is None else load_study(study, seeds=seeds)
    if explain:
        from shoal.cli.explain import print_plan

        print_plan(plan_study(loaded, data_dir=data_dir, memory=most_bytes))
        return
    folder = out or free_folder(Path("runs"), study.stem)
    refuse_finished(folder)
    try:
        with watcher() as watching:
            dataset = run_study(
                loaded, folder, data_dir=data_dir, memory=most_bytes, check=check, watcher=watching
            )
    except KeyboardInterrupt:
        typer.echo("Interrupted before any chunk was finished: there is nothing to keep.", err=True)
        raise typer.Exit(130) from None
    finish(loaded, dataset, folder)


def finish(study: Study, dataset: xr.Dataset, folder: Path) -> None:
    """Write the report, print the table, and say where things are. Exits with 130 after Ctrl-C."""
    from rich.console import Console

    from shoal.cli.page import add_report
    from shoal.report import print_summary

    console = Console(width=None if sys.stdout.isatty() else 110)
    print_summary(dataset, console)
    page = add_report(folder, dataset, study.text)
    console.print(f"Report: {page}", soft_wrap=True, highlight=False)
    if dataset.attrs["status"] == "interrupted":
        finished = int(dataset["finished"].sum())
        console.print(f"Interrupted: {finished} of {dataset['finished'].size} members are finished and kept.")
        raise typer.Exit(130)


def free_folder(parent: Path, name: str) -> Path:
    """parent/name, or the first of name-2, name-3, ... that does not exist yet."""
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f"{name}-{number}"
    return folder


def refuse_finished(folder: Path) -> None:
    """A finished run is never overwritten."""
    from shoal.errors import RunError

    if os.path.exists(folder / "results.nc"):  # Path.exists would raise where the name is too long
        raise RunError(f"{folder} already holds a run.", "Choose another folder with --out, or move it away.")
