"""`shoal lr-range STUDY.toml`: which learning rates suit a study, from a ramp in one pass or from a grid."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli.output import plain, say
from shoal.cli.resume_options import free_folder, refuse_taken
from shoal.cli.signals import stop_signals

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from shoal.runs.folder import RunFolder
    from shoal.study.settings.study import Study


class Mode(StrEnum):
    """How the rates are tried."""

    ramp = "ramp"
    grid = "grid"


class Scale(StrEnum):
    """How the rates rise."""

    exponential = "exponential"
    linear = "linear"


def lr_range(
    study: Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The study.", show_default=False)],
    mode: Annotated[
        Mode, typer.Option(help="One pass while the rate rises, or a fresh network for each rate.")
    ] = Mode.ramp,
    seeds: Annotated[int | None, typer.Option(help="This many seeds instead of the study's.", min=1)] = None,
    low: Annotated[float, typer.Option("--min", help="The lowest rate.")] = 1e-7,
    high: Annotated[float, typer.Option("--max", help="The highest rate.")] = 10.0,
    scale: Annotated[
        Scale, typer.Option(help="Equal ratios between rates, or equal steps.")
    ] = Scale.exponential,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Steps of the ramp, or rates of the grid.",
            min=2,
            show_default="an epoch, between 100 and 1000; a rate a decade",
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the bounds into the study's schedule.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the result.", show_default="runs/NAME-lr-range, or the next free one"),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where the data sets lie.", envvar="SHOAL_DATA_DIR", show_default=False),
    ] = None,
    memory: Annotated[
        float | None, typer.Option(help="Most GiB that one chunk of members may take.", min=0.05)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the suggestions for machines.")] = False,
) -> None:
    """Suggest a lowest and a highest learning rate, with intervals over seeds.

    Every cell of the study is tried, but for factors that vary the rate or the length. Fresh networks are
    trained and thrown away: nothing of the study or its runs is touched, unless --write is given.
    """
    from shoal.study.load import load_study

    loaded = load_study(study) if seeds is None else load_study(study, seeds=seeds)
    text = load_study(study).text
    if write:
        _refuse_unwritable(text, study)
    folder = out or free_folder(Path("runs"), f"{study.stem}-lr-range")
    refuse_taken(folder)
    options = {"low": low, "high": high, "scale": scale.value, "steps": steps}
    shared = {"data_dir": data_dir, "memory": None if memory is None else memory * 2**30}
    with stop_signals() as heard:
        try:
            dataset = (_ramp if mode is Mode.ramp else _grid)(loaded, folder, options, shared, heard.look)
        except KeyboardInterrupt:
            say("Interrupted before any chunk was finished: there is nothing to keep.", err=True)
            raise typer.Exit(heard.exit_code) from None
    _tell(dataset, folder, json)
    interrupted = dataset.attrs["status"] == "interrupted"
    if write and not interrupted:
        _write(dataset, study, text, json)
    if interrupted:
        say(f"Interrupted: {int(dataset['finished'].sum())} members are finished and kept.", err=True)
        raise typer.Exit(heard.exit_code)


def _ramp(study: Study, folder: Path, options: dict, shared: dict, look: Callable[[], None]) -> xr.Dataset:
    from shoal.cli.progress import watcher
    from shoal.cli.run import results_kept
    from shoal.lr_range import run_ramp
    from shoal.runs.folder import RunFolder
    from shoal.runs.read_write import write_dataset

    with RunFolder(folder, study.text) as kept, watcher(look) as watching:
        dataset = run_ramp(study, **options, **shared, watcher=watching)
        kept.write_text("study.toml", study.text)
        write_dataset(kept, "lr-range.nc", dataset)
        with results_kept(folder):
            _draw(dataset, kept)
    return dataset


def _grid(study: Study, folder: Path, options: dict, shared: dict, look: Callable[[], None]) -> xr.Dataset:
    from shoal.api import run
    from shoal.cli.progress import watcher
    from shoal.cli.run import add_report, results_kept
    from shoal.lr_range import grid_study
    from shoal.lr_range.ramp import described
    from shoal.runs.folder import RunFolder

    count = options.pop("steps")
    grid = grid_study(study, options["low"], options["high"], count, options["scale"])
    with watcher(look) as watching:
        dataset = run(grid, folder, **shared, watcher=watching)
    with results_kept(folder):
        add_report(folder, dataset, grid.text)
        dataset.attrs["lr_range"] = described(grid)
        with RunFolder(folder, grid.text) as kept:
            _draw(dataset, kept)
    return dataset


def _draw(dataset: xr.Dataset, kept: RunFolder) -> None:
    from shoal.report.lr_range import pictures, range_page
    from shoal.report.plain import render_plain

    kept.write_text("lr-range.html", render_plain(range_page(dataset), dataset))
    for name, content in pictures(dataset).items():
        kept.write_bytes(name, content)


def _tell(dataset: xr.Dataset, folder: Path, json: bool) -> None:
    import json as json_text

    from rich.console import Console

    from shoal.report.lr_range import as_json, range_page
    from shoal.report.plain import print_plain

    if json:
        record = {**as_json(dataset), "folder": str(folder)}
        typer.echo(json_text.dumps(record, indent=2, allow_nan=False))
        return
    console = Console(width=None if sys.stdout.isatty() else 110)
    print_plain(range_page(dataset), console)
    console.print(plain(f"Picture: {folder / 'lr-range.html'}"), soft_wrap=True)


def _refuse_unwritable(text: str, study: Path) -> None:
    """Before hours of training, not after."""
    from shoal.lr_range.write import with_bounds

    with_bounds(text, 1e-3, 1e-1, str(study))


def _write(dataset: xr.Dataset, study: Path, text: str, quiet: bool) -> None:
    from shoal.analysis.lr_range import middle_cell
    from shoal.errors import StudyError
    from shoal.lr_range.write import write_bounds
    from shoal.report.lr_range import rate_curves

    best = middle_cell(rate_curves(dataset))
    if best is None:
        raise StudyError(
            f"Nothing is suggested, so {study} was not changed.", "Try more --steps or other bounds."
        )
    changed, backup = write_bounds(study, best.minimum.mean, best.maximum.mean, text)
    say(f"{changed or 'The study had these bounds already.'}\nBefore: {backup}".lstrip(), err=quiet)
