"""Showing how a download gets on: a bar on a terminal, a few lines anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes got so far (0 at the start of each attempt) and its size."""

_LINE_EVERY = 25  # per cent


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Progress]:
    """Report to a stream, standard error unless another is given."""
    from rich.console import Console

    console = Console(file=stream, stderr=stream is None)
    if console.is_terminal:
        with _bars(console) as progress:
            yield progress
    else:
        yield _lines(console)


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=console) as bars:

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done)

        yield report


def _lines(console: Console) -> Progress:
    reached: dict[str, int] = {}

    def report(name: str, done: int, total: int) -> None:
        percent = 100 * done // total if total else 0
        if done == 0:
            reached[name] = 0
            console.print(f"downloading {name} ({total / 1e6:.1f} MB)", highlight=False, soft_wrap=True)
        elif percent >= reached[name] + _LINE_EVERY:
            reached[name] = percent - percent % _LINE_EVERY
            console.print(f"downloading {name}: {reached[name]}%", highlight=False, soft_wrap=True)

    return report
