"""How well the gradient doctor recognises mistakes: `python benchmarks/doctor.py [--json FILE]`.

Mistakes are planted in plain NumPy networks that share no code with Shoal. doctor_suite/README.md says what
is drawn and what is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from doctor_suite.again import show_again
from doctor_suite.catalogue import ENTRIES
from doctor_suite.markdown import as_markdown
from doctor_suite.run import Sizes, Task, run, tasks
from doctor_suite.summary import peers, summarize
from doctor_suite.tables import show


def main() -> None:
    """Draw, diagnose, print, and keep."""
    given = _arguments()
    handed = ("function", "arrays") if given.arrays else ("function",)
    if given.case:
        show_again(given.case, given.seed, handed, Console())
        return
    sizes = Sizes() if given.draws is None else Sizes().scaled(given.draws)
    todo = tasks(sizes, given.seed, handed, given.only, peers=not given.no_peers)
    start = time.perf_counter()
    rows = _watch(todo, given.processes)
    found: dict[str, Any] = {
        "seed": given.seed,
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": _versions(("numpy", "torch", "jax", "scipy")),
        "sizes": vars(sizes),
        "seconds": time.perf_counter() - start,
        "summaries": [summarize(rows, way) for way in handed],
        "peers": peers(rows),
    }
    show(found, Console(width=None if sys.stdout.isatty() else 130))
    if given.json:
        given.json.write_text(json.dumps({**found, "rows": rows}, indent=1) + "\n")
    if given.markdown:
        given.markdown.write_text(as_markdown(found))


def _watch(todo: list[Task], processes: int) -> list[dict[str, Any]]:
    """All rows, with a bar on the way; in the order of the tasks, whichever ends first."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    rows = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("diagnosing", total=len(todo))
        for row in run(todo, processes):
            rows.append(row)
            progress.update(bar, advance=1, description=f"{row['kind']} {row['name']}")
    order = {(task.kind, task.name, task.draw): i for i, task in enumerate(todo)}
    return sorted(rows, key=lambda row: order[row["kind"], row["name"], row["draw"]])


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of all draws")
    parser.add_argument("--draws", type=int, help="of each mistake, 10 by default; the rest in proportion")
    parser.add_argument("--only", action="append", choices=list(ENTRIES), metavar="NAME", help="this mistake")
    parser.add_argument("--case", metavar="KEY", help="one draw again, by its key: the whole diagnosis of it")
    parser.add_argument("--arrays", action="store_true", help="hand the gradients over as arrays too")
    parser.add_argument("--no-peers", action="store_true", help="leave PyTorch, JAX and SciPy out")
    parser.add_argument("--processes", type=int, default=2, help="0: all in this one")
    parser.add_argument("--json", type=Path, help="keep every number in this file")
    parser.add_argument("--markdown", type=Path, help="keep the tables in this file, for the docs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
