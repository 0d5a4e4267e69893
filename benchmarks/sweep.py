"""How fast widths are swept: `python benchmarks/sweep.py --data-dir DIR [--json FILE]`.

Two-layer ReLU networks with 10, 20, ..., 120 hidden units on CIFAR-10, three seeds each, 4000 steps.
Everybody trains segments of a few steps in interleaved rounds; seconds are those of the whole sweep at the
medians, ratios are formed within a round. README.md beside this file says how the contenders differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ["JAX_PLATFORMS"] = "cpu"

import jax

from rate import MatrixRate
from rounds import Contender, play
from shoal.data.inputs import Loader
from shoal.population.plan import Plan, plan_with
from shoal.population.team import CompiledTraining
from shoal.study.load import make_study
from shoal.training.runtime import keep_freed_memory, numerics
from sweep_peers import Images, classifiers, eager
from sweep_table import as_markdown
from work import EPOCH, FEATURES, write_generated

WIDTHS, SEEDS, STEPS, BATCH, CLASSES = tuple(range(10, 130, 10)), 3, 4000, 200, 10
STUDY: dict[str, Any] = {
    "data": {
        "name": "cifar10",
        "train": 49_000,
        "validation": 1000,
        "test": 1000,
        "standardize": "mean_image",
    },
    "network": {"hidden": [WIDTHS[-1]], "activation": "relu", "initial": {"normal": 1e-4}},
    "training": {
        "batch_size": BATCH,
        "steps": STEPS,
        "l2": 0.25,
        "schedule": {"kind": "step_decay", "rate": 1e-3, "factor": 0.95, "every": 1},
    },
    "record": {"points": 2},
}
TOGETHER, APART, PADDED = "Shoal, as it runs the study", "Shoal, one width after another", "Shoal, all of 120"


def main() -> None:
    """Measure, print, and keep."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as made:
        if given.data_dir is None:
            write_generated(Path(made))
        found = measure(given, Path(made) if given.data_dir is None else given.data_dir)
    found["data"] = "CIFAR-10" if given.data_dir else "generated images of CIFAR-10's shape"
    print(as_markdown(found))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


def measure(given: argparse.Namespace, data_dir: Path) -> dict[str, Any]:
    """Everybody in turn, `given.rounds` times."""
    keep_freed_memory()
    loader, rate = Loader(data_dir, download=False), MatrixRate()
    images = Images(loader.inputs(_plan(loader, {}).study.base.data), BATCH)
    ready = [
        _shoal(TOGETHER, [_plan(loader, {"network.hidden": [[w] for w in WIDTHS]})]),
        _shoal(APART, [_plan(loader, {"network.hidden": [[w]]}) for w in WIDTHS]),
        _shoal(PADDED, [_plan(loader, {"training.learning_rate": [w * 1e-5 for w in WIDTHS]})]),
        (eager(images, WIDTHS), 0.0),
        (eager(images, WIDTHS, 1), 0.0),
        (classifiers(images, WIDTHS), 0.0),
    ]
    contenders = [contender for contender, _ in ready]
    others = play(contenders, given.rounds, given.segment, rate.measure, _progress)
    clock, cores = _sweep(contenders[3].seconds), _sweep(contenders[4].cpu_seconds)
    rows = [
        {
            "name": contender.name,
            "seconds": (own := _sweep(contender.seconds)),
            "cpu_seconds": (used := _sweep(contender.cpu_seconds)),
            "seconds_compile": compiling,
            "times_pytorch": _ratio(clock, own),
            "times_pytorch_with_compilation": _ratio(clock, [s + compiling for s in own]),
            "times_pytorch_cpu": _ratio(cores, used),
            "note": contender.note,
        }
        for contender, compiling in ready
    ]
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "rounds": given.rounds,
        "others_share": others,
        "floor_seconds": [flops() / best for best in rate.best],
        "rows": rows,
    }


def flops() -> float:
    """Multiplications and additions of the sweep's matrix products, without the first layer's dx."""
    return SEEDS * STEPS * BATCH * sum(4.0 * FEATURES * w + 6.0 * w * CLASSES for w in WIDTHS)


def _plan(loader: Loader, vary: dict[str, Any]) -> Plan:
    """The plan of the study with these factors, as `shoal run` makes it."""
    training = dict(STUDY["training"])
    if "training.learning_rate" in vary:  # cells of one structure, so that they share a program
        training.pop("schedule")
    study = make_study({**STUDY, "training": training, "vary": {**vary, "seed": SEEDS}})
    return plan_with(study, loader, None)


def _shoal(name: str, plans: Sequence[Plan]) -> tuple[Contender, float]:
    """All teams of all plans, one after another, and their seconds of compilation with an empty cache."""
    _progress(f"compiling {name}")
    jax.clear_caches()
    began = time.perf_counter()
    with numerics("float32") as dtype:
        teams = [CompiledTraining(chunks, dtype) for plan in plans for chunks in plan.teams]
        populations = [team.start() for team in teams]
    compiling = time.perf_counter() - began
    done = 0

    def run(steps: int) -> None:
        nonlocal done
        done += steps
        for i, team in enumerate(teams):
            populations[i] = team.advance(populations[i], done)

    members = sum(plan.study.member_count for plan in plans)
    programs = sum(len(plan.teams) for plan in plans)
    return Contender(
        name, False, members, run, note=f"{programs} compiled training{'s' * (programs != 1)}"
    ), compiling


def _sweep(on_note: Sequence[float]) -> list[float]:
    """Seconds of the whole sweep, by round: a contender notes those of EPOCH steps of one network."""
    return [s / EPOCH * STEPS * SEEDS * len(WIDTHS) for s in on_note]


def _ratio(other: Sequence[float], own: Sequence[float]) -> float:
    return statistics.median(b / a for a, b in zip(own, other, strict=True))


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="where CIFAR-10 lies; without it, generated images")
    parser.add_argument("--json", type=Path, help="keep every number in this file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--segment", type=float, default=0.6, help="seconds of a contender in a round, about")
    return parser.parse_args()


if __name__ == "__main__":
    main()
