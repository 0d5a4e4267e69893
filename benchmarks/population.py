"""How fast a population trains: `python benchmarks/population.py [--data-dir DIR] [--json FILE]`.

One run, interleaved rounds, medians. README.md beside this file says what is measured and how.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

import processes
from reach import as_rows, reach
from tables import show
from work import Work, load_work, write_generated

WIDTHS = (1, 8, 32, 128)
SEEDS = (8, 4)  # cells x seeds, an order of examples for each seed


def main() -> None:
    """Measure, print, and keep."""
    given = _arguments()
    os.environ.setdefault("KERAS_BACKEND", "jax")
    console = Console(width=None if sys.stdout.isatty() else 110)
    with tempfile.TemporaryDirectory() as made:
        folder = given.data_dir
        if folder is None:
            folder = Path(made)
            write_generated(folder)
        found = measure(folder, given, lambda text: print(text, file=sys.stderr, flush=True))
    found["data"] = "CIFAR-10" if given.data_dir else "generated images of CIFAR-10's shape"
    show(found, console)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


def measure(data_dir: Path, given: argparse.Namespace, progress: Any) -> dict[str, Any]:
    """Everything, smallest first: this process must not have grown when its children's memory is read."""
    progress("memory, compilation, start-up")
    alone = processes.measure(data_dir)
    progress("looking for a GPU")
    gpu = _gpu(data_dir, given)
    os.environ["JAX_PLATFORMS"] = "cpu"
    from rate import MatrixRate
    from rounds import play

    contenders = _contenders(load_work(data_dir), progress)
    rate = MatrixRate()
    others = play(contenders, given.rounds, given.segment, rate.measure, progress)
    rows = as_rows(contenders, rate.best)
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("jax", "numpy", "torch", "keras", "scikit-learn")},
        "threads": _threads(),
        "rounds": given.rounds,
        "others_share": others,
        "rates_flops": rate.rates,
        "rows": rows,
        "processes": alone,
        "reach": reach(rows, alone),
        "gpu": gpu,
    }


def _contenders(work: Work, progress: Any) -> list[Any]:
    from keras_fit import fit
    from pytorch import eager
    from scikit import classifier
    from stack import shoal

    found = []
    for batch_norm in (False, True):
        progress(f"compiling, {'with' if batch_norm else 'without'} batch norm")
        found.append(eager(work, batch_norm))
        if not batch_norm:
            found.append(classifier(work))
        found.append(fit(work, batch_norm))
        found += [shoal(work, batch_norm, cells) for cells in WIDTHS]
        found.append(shoal(work, batch_norm, *SEEDS))
    return found


def _gpu(data_dir: Path, given: argparse.Namespace) -> dict[str, Any]:
    """What gpu.py finds; {} without a GPU."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "gpu.json"
        script = Path(__file__).with_name("gpu.py")
        command = [sys.executable, str(script), "--data-dir", str(data_dir), "--out", str(out)]
        rounds = ["--rounds", str(given.rounds), "--segment", str(given.segment)]
        subprocess.run([*command, *rounds, *(["--tf32"] if given.tf32 else [])], check=True)
        return json.loads(out.read_text())


def _threads() -> list[dict[str, Any]]:
    """The thread pools of the numerical libraries in this process."""
    from threadpoolctl import threadpool_info

    return [{k: v for k, v in pool.items() if k != "filepath"} for pool in threadpool_info()]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="where CIFAR-10 lies; without it, generated images")
    parser.add_argument("--json", type=Path, help="keep every number in this file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--segment", type=float, default=0.3, help="seconds of a contender in a round, about")
    parser.add_argument("--tf32", action="store_true", help="allow TensorFloat-32 on a GPU, to everybody")
    return parser.parse_args()


if __name__ == "__main__":
    main()
