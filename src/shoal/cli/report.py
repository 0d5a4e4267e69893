"""`shoal report DIR`: draw a run's report again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a run.", show_default=False)],
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print the table.")] = False,
) -> None:
    """Redraw report.html from a run's kept results, and print its table."""
    from rich.console import Console

    from shoal.cli.output import plain
    from shoal.cli.run import add_report
    from shoal.report import print_summary
    from shoal.runs.read_write import open_run

    run = open_run(folder)
    console = Console()
    page = add_report(folder, run.results, run.study_text, run.search)
    if not quiet:
        print_summary(run.results, console, search=run.search)
    console.print(plain(f"Report: {page}"), soft_wrap=True)
