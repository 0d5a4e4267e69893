"""shoal data list | verify | fetch: which data sets there are, where they lie, and whether they are whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli.output import plain, say

if TYPE_CHECKING:
    from rich.table import Table


app = typer.Typer(no_args_is_help=True, help="List, check and download the data sets.")

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="FOLDER",
        help="Look here first, and download to here. Otherwise SHOAL_DATA_DIR, then the user's cache.",
    ),
]
Names = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Data sets, as `shoal data list` names them.")
]


@app.command("list")
def list_datasets(data_dir: DataDir = None) -> None:
    """Show every known data set and where it lies on this machine."""
    from rich.console import Console
    from rich.table import Table

    from shoal.data.published.locate import search_folders
    from shoal.data.published.registry import SOURCES

    folders = search_folders(data_dir)
    table = Table("name", "shape", "classes", "examples", "found in", "status", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"  # a path that is cut short is of no use
    for source in SOURCES.values():
        shape = " x ".join(map(str, source.shape))
        examples = f"{source.train:,}" + (f" + {source.test:,}" if source.test else "")
        where, status = _whereabouts(source.name, folders)
        table.add_row(source.name, shape, str(len(source.classes)), examples, plain(where), plain(status))
    Console(width=_width(table)).print(table)


@app.command()
def verify(names: Names, data_dir: DataDir = None) -> None:
    """Check structure and SHA-256 of each file. Exit 1 if anything is wrong, 2 if a data set is not found."""
    from shoal.data.published.load import verify as verify_files
    from shoal.data.published.registry import find_source
    from shoal.errors import DataError

    for name in names:
        find_source(name)
    wrong, missing = False, None
    for name in names:
        try:
            checks = verify_files(name, data_dir)
        except DataError as error:
            say(f"{name}: not found")
            missing = missing or error
            continue
        for check in checks:
            wrong = wrong or not check.ok
            say(f"{name}: {'ok   ' if check.ok else 'WRONG'} {check.name}: {check.verdict}")
    if wrong:
        say(f"delete what is wrong, then run `shoal data fetch {' '.join(names)}`", err=True)
        raise typer.Exit(1)
    if missing is not None:
        raise missing


@app.command()
def fetch(names: Names, data_dir: DataDir = None) -> None:
    """Download data sets, unless they are there already."""
    from shoal.data.published import load
    from shoal.data.published.locate import download_folder, find, search_folders
    from shoal.data.published.registry import find_source

    for source in [find_source(name) for name in names]:
        if source.format == "embedded":
            say(f"{source.name}: comes with scikit-learn, nothing to fetch")
            continue
        # With --data-dir the files are wanted there, whatever other folders hold.
        folders = search_folders() if data_dir is None else [download_folder(data_dir)]
        found = find(source, folders)
        if found is not None:
            say(f"{source.name}: already in {found.where}")
            continue
        say(f"{source.name}: in {load.fetch(source, data_dir).where}, SHA-256 verified")


def _whereabouts(name: str, folders: list[Path]) -> tuple[str, str]:
    from shoal.data.published.locate import find, incomplete
    from shoal.data.published.registry import SOURCES

    source = SOURCES[name]
    if source.format == "embedded":
        return "scikit-learn", "ready"
    found = find(source, folders)
    if found is not None:
        return str(found.where), "ready"
    partly = incomplete(source, folders)
    return "-", f"incomplete: {partly[0]}" if partly else f"shoal data fetch {name}"


def _width(table: Table) -> int | None:
    """The terminal's own width; where there is none (a file, a pipe), as wide as the table needs."""
    from rich.console import Console
    from rich.measure import Measurement

    if Console().is_terminal:
        return None
    wide = Console(width=10_000)
    return Measurement.get(wide, wide.options, table).maximum
