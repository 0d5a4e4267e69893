"""shoal check: are the hand-written gradients of a study's networks right?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from shoal.gradients import GradientCheck


COLUMNS = 100  # of the table where there is no terminal to ask


def check(
    study: Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The study whose networks to check.")],
    seeds: Annotated[int, typer.Option(min=1, help="Check each network at this many starting points.")] = 1,
    examples: Annotated[int, typer.Option(min=2, help="Training examples in the batch of the check.")] = 10,
    probes: Annotated[int, typer.Option(min=1, help="Entries of each parameter to probe.")] = 64,
    every: Annotated[
        bool, typer.Option("--every", help="Check all networks, also those that differ in numbers only.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the record for machines.")] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", metavar="FOLDER", help="Look for the data here first.")
    ] = None,
) -> None:
    """Hold the gradients of a study's networks against differences and autodiff. Exit 1 if one is wrong.

    Networks that share their layers and differ in numbers (a sigma, a slope, a dropout rate) run the same
    code: of more than three, the first, the middle and the last are checked.
    """
    import json as json_text

    from shoal.data.inputs import Loader
    from shoal.gradients import distinct
    from shoal.gradients.networks.study_check import cases_of, check_cases
    from shoal.gradients.networks.table import render
    from shoal.study.load import load_study

    loaded = load_study(study)
    loader = Loader(data_dir, folder=loaded.folder)
    cases = distinct(cases_of(loaded.cells(), loader, examples), every=every)
    console = _console()
    checks = []
    for found in check_cases(cases, seeds, probes):
        checks.append(found)
        if not json:
            console.print(render(found), end="\n\n")
    ok = all(found.ok for found in checks)
    if json:
        record = {"study": str(study), "ok": ok, "networks": [found.to_json() for found in checks]}
        typer.echo(json_text.dumps(record, indent=2, allow_nan=False))
    else:
        console.print(_summary(checks, len(cases)), highlight=False)
    if not ok:
        raise typer.Exit(1)


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=COLUMNS)


def _summary(checks: list[GradientCheck], networks: int) -> str:
    wrong = sum(not found.ok for found in checks)
    worst = max((found.worst for found in checks), default=0.0)
    verdict = f"{wrong} WRONG" if wrong else "all right"
    counts = f"networks checked: {networks}, at {len(checks)} points"
    return f"{counts}: {verdict}, largest relative error {worst:.1e}"
