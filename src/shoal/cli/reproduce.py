"""`shoal reproduce`: the figures and claims of the course reports, run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoal.cli.output import plain, say
from shoal.cli.signals import stop_signals

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoal.reproduce.command import Request, Task
    from shoal.reproduce.ledger import Ledger


def reproduce(
    what: Annotated[
        list[str],
        typer.Argument(help="Reports (002), parts of them (002.search), or all.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the page, the ledger and the runs.")] = Path(
        "reproduction"
    ),
    seeds: Annotated[
        int | None,
        typer.Option(help="Seeds of each study.", min=2, show_default="5; with --quick 2"),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A tenth of the steps, to see that all works.")
    ] = False,
    data: Annotated[
        str, typer.Option(help="published, or digits: scikit-learn's, to see that all works.")
    ] = "published",
    runs: Annotated[
        list[Path] | None,
        typer.Option(help="Also use finished runs that lie here, in folders named after their studies."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where the data sets lie.", envvar="SHOAL_DATA_DIR", show_default=False),
    ] = None,
    docs: Annotated[
        Path | None,
        typer.Option(help="Write the Markdown page here too, its pictures into images/NAME beside it."),
    ] = None,
    finished_only: Annotated[
        bool, typer.Option("--finished-only", help="Run nothing: show what is finished, and what is not.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print the plan and stop.")] = False,
) -> None:
    """Run the reports' studies and set every reported figure and claim beside ours.

    Finished studies are kept in OUT and never run again; after an interruption the same command goes on.
    """
    from shoal.errors import RunError
    from shoal.reproduce.adapt import Mode
    from shoal.reproduce.command import Request, plan, reproduce_reports
    from shoal.reproduce.running import Interrupted

    if data not in ("published", "digits"):
        raise RunError(f"--data is {data!r}; expected published or digits.", "Choose one of the two.")
    mode = Mode(seeds or (2 if quick else 5), quick, data == "digits")
    request = Request(tuple(what), mode, out, data_dir, tuple(runs or ()), docs, finished_only)
    tasks = plan(request)
    _print_plan(request, tasks)
    if explain:
        return
    with stop_signals() as heard:
        try:
            ledger, page = _with_progress(reproduce_reports, request, tasks, heard.look)
        except (Interrupted, KeyboardInterrupt) as stopped:
            where = f" in {stopped}" if isinstance(stopped, Interrupted) else ""
            say(
                f"Interrupted{where}. What is finished is kept; the same command goes on from there.",
                err=True,
            )
            raise typer.Exit(heard.exit_code) from None
    _print_ledger(ledger, page)


def _print_plan(request: Request, tasks: list[Task]) -> None:
    """What will run and for how long, before anything does."""
    from rich.console import Console
    from rich.table import Table

    from shoal.report.numbers import duration
    from shoal.reproduce.running import HONESTY, estimate

    console = Console()
    for label in request.mode.labels:
        console.print(f"[bold]{label}[/bold]")
    table = Table()
    for name in ("study", "networks", "", "about"):
        table.add_column(name, overflow="fold", justify="right" if name == "networks" else "left")
    total = 0.0
    for task in tasks:
        seconds = 0.0 if task.found else estimate(task.name, task.study)
        total += seconds
        state = plain(f"finished, in {task.found.folder}" if task.found else "to run")
        table.add_row(
            task.name, f"{task.study.member_count:,}", state, "" if task.found else duration(seconds)
        )
    console.print(table)
    console.print(f"About {duration(total)} in all. {HONESTY}", highlight=False)


def _with_progress(carry_out, request: Request, tasks: list[Task], look: Callable[[], None]):
    """Each study with a progress of its own, under its name, which looks whether a signal was heard."""
    from contextlib import ExitStack

    from shoal.cli.progress import watcher

    with ExitStack() as stack:

        def watching(name: str):
            stack.pop_all().close()
            say(f"{name}:", err=True)
            return stack.enter_context(watcher(look))

        return carry_out(request, tasks, watching)


def _print_ledger(ledger: Ledger, page: Path) -> None:
    from rich.console import Console

    from shoal.reproduce.page import counted_words

    console = Console(soft_wrap=True, highlight=False)
    for label in ledger.mode.labels:
        console.print(f"[bold]{label}[/bold]")
    for one in ledger.decided:
        word = one.judgement.word
        console.print(f"{word:>10}  {one.report.number} {one.claim.sentence}", markup=False)
    console.print(counted_words(ledger))
    console.print(plain(f"Page: {page}"))
