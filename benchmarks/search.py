"""Strategies of search at equal cost, and a halving against the clock.

    python benchmarks/search.py --data-dir DIR [--keep FILE.jsonl] [--only quality|wall]

`quality`: grid, zoom, random, halving and TPE spend the same network-steps on L2 x maximum rate; what counts
is the validation accuracy of their choice with five fresh seeds. `wall`: 64 networks trained to the end and
by halving, each compiled anew. With --keep every finished search is a line of that file, and a run that was
interrupted goes on behind the last one. Both together take about 35 minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ["JAX_PLATFORMS"] = "cpu"

import jax

import shoal
from rounds import OtherProcesses
from search_tables import as_markdown
from search_tasks import MEMBERS, Sizes, race, strategies, study_of
from shoal.api import run
from shoal.data.inputs import Loader
from shoal.study.load import make_study
from work import write_generated


def main() -> None:
    """Search, keep, print."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as made:
        if given.data_dir is None:
            write_generated(Path(made))
        loader = Loader(given.data_dir or Path(made), download=False)
        lines = list(measure(given, loader))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    data = "CIFAR-10" if given.data_dir else "generated images of CIFAR-10's shape"
    print(as_markdown(lines, f"{machine}; data: {data}"))


def measure(given: argparse.Namespace, loader: Loader) -> Iterator[dict[str, Any]]:
    """A line for each search, trained now or kept by an earlier run."""
    kept = _kept(given.keep)
    for task in _tasks(given):
        name = f"{task['part']}, repeat {task['repeat'] + 1}, {task['name']}"
        line = next((one for one in kept if all(one[key] == task[key] for key in task)), None)
        if line is None:
            print(name, file=sys.stderr, flush=True)
            line = {**task, **_search(task, loader)}
            if given.keep:
                with given.keep.open("a") as file:
                    file.write(json.dumps(line) + "\n")
        yield line


def _tasks(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Part, repeat, name, sizes and settings of every search."""
    shared = {"train": given.train, "validation": given.validation, "batch": given.batch}
    parts = {
        "quality": (strategies, Sizes(given.steps, given.seeds, **shared), given.repeats),
        "wall": (race, Sizes(given.wall_steps, 1, **shared), given.wall_repeats),
    }
    for part, (settings, sizes, repeats) in parts.items():
        for repeat in range(repeats if given.only in (None, part) else 0):
            for name, search in settings(repeat).items():
                own = {"part": part, "repeat": repeat, "name": name}
                yield {**own, "sizes": asdict(sizes), "search": search}


def _search(task: dict[str, Any], loader: Loader) -> dict[str, Any]:
    sizes = Sizes(**task["sizes"])
    study = make_study(study_of(task["search"], sizes, task["repeat"]))
    jax.clear_caches()
    jax.config.update("jax_enable_compilation_cache", task["part"] == "quality")  # the clock is compiled anew
    others, began = OtherProcesses(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        run(study, out, loader=loader, check=False)
        path = shoal.open_run(out).search
        assert path is not None
    told = json.loads(path.attrs["search"])
    best = path.isel(trial=int((path["status"] == "best").values.argmax()))
    rounds = told["rounds_run"]
    return {
        "trials": path.sizes["trial"],
        "diverged": int((path["diverged_step"] >= 0).any("seed").sum()),
        "chosen": {name: float(best[name]) for name in told["factors"]},
        "score": float(best["score"].mean()),
        "fresh": [float(value) for value in best["fresh_score"].values],
        "network_steps": sum(one["network_steps"] for one in rounds),
        "seconds": sum(one["seconds"] for one in rounds),
        "seconds_compile": sum(one["seconds_compile"] for one in rounds),
        "words": rounds[-1]["words"],
        "others": others.share(),
        "seconds_with_confirmation": time.perf_counter() - began,
    }


def _kept(file: Path | None) -> list[dict[str, Any]]:
    """The lines of a file; one that was cut off by a kill is done again."""
    lines = []
    for text in file.read_text().splitlines() if file and file.exists() else ():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            print(f"{file}: a line that is not whole is left out", file=sys.stderr)
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="where CIFAR-10's binary version lies")
    parser.add_argument("--keep", type=Path, help="a JSONL file of finished searches, to go on from")
    parser.add_argument("--only", choices=("quality", "wall"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=2, help="of each trial (quality)")
    parser.add_argument("--steps", type=int, default=1440, help="of a whole training (quality)")
    parser.add_argument("--wall-repeats", type=int, default=3)
    parser.add_argument("--wall-steps", type=int, default=9000, help=f"of each of {MEMBERS} networks")
    parser.add_argument("--train", type=int, default=45_000)
    parser.add_argument("--validation", type=int, default=5_000)
    parser.add_argument("--batch", type=int, default=100)
    given = parser.parse_args()
    if any(steps < 8 or steps % 8 for steps in (given.steps, given.wall_steps)):
        parser.error("steps are a multiple of eight")
    return given


if __name__ == "__main__":
    main()
