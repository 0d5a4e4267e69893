"""How fast LeNet-5 trains: `python benchmarks/convolution.py [--json FILE] [--markdown FILE]`.

One run, interleaved rounds, medians; ratios are formed within a round. convolution_peers.py says who trains.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ["JAX_PLATFORMS"] = "cpu"

from convolution_peers import (
    Images,
    flops_per_step,
    jax_autodiff,
    keras_fit,
    shoal,
    shoal_plain,
    torch_eager,
)
from rate import MatrixRate
from rounds import Contender, play
from tables import MOST_BUSY
from work import EPOCH as NOTED_STEPS  # a contender notes seconds per so many steps

AIMS = {"Shoal solo": 1.3, "Shoal, 8 members": 1.8, "Shoal, 11 members": 2.0, "Shoal, 32 members": 1.8}


def main() -> None:
    """Measure, print, and keep."""
    given = _arguments()
    found = measure(given)
    text = as_markdown(found)
    print(text)
    if given.markdown:
        given.markdown.write_text(text)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Everybody in turn, `given.rounds` times."""
    contenders, rate = _contenders(Images(given.batch), given.members, given.only_pytorch), MatrixRate()
    others = play(contenders, given.rounds, given.segment, rate.measure, _progress)
    floor = [flops_per_step(given.batch) / best * 1e3 for best in rate.best]
    eager = _milliseconds(contenders[0])
    rows = []
    for contender in contenders:
        own = _milliseconds(contender)
        rows.append(
            {
                "name": contender.name,
                "members": contender.members,
                "ms": own,
                "times_pytorch": _ratio(eager, own),
                "share_of_floor": _ratio(floor, own),
                "note": contender.note,
            }
        )
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("jax", "torch", "keras", "numpy")},
        "batch": given.batch,
        "rounds": given.rounds,
        "others_share": others,
        "floor_ms": floor,
        "rows": rows,
    }


def as_markdown(found: dict[str, Any]) -> str:
    """The table, and whether the aims are reached."""
    busy = statistics.median(found["others_share"])
    lines = [
        f"LeNet-5 with batch norm, batch {found['batch']}: ms per training step and network",
        "",
        f"{found['machine']}; {found['rounds']} rounds; the arithmetic at the machine's rate of matrix "
        f"products: {statistics.median(found['floor_ms']):.2f} ms; "
        f"other processes took {busy:.0%} of the cores",
        "",
        "| trained by | median | least | most | x PyTorch | of the floor | |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in found["rows"]:
        ms = row["ms"]
        lines.append(
            f"| {row['name']} | {statistics.median(ms):.2f} | {min(ms):.2f} | {max(ms):.2f} "
            f"| {row['times_pytorch']:.2f} | {row['share_of_floor']:.0%} | {row['note']} |"
        )
    lines += ["", *(_aim(row) for row in found["rows"] if row["name"] in AIMS)]
    if busy > MOST_BUSY:
        lines += ["", f"Not to be quoted: other processes took {busy:.0%} of the cores."]
    return "\n".join(lines) + "\n"


def _aim(row: dict[str, Any]) -> str:
    wanted = AIMS[row["name"]]
    reached = "reached" if row["times_pytorch"] >= wanted else "NOT reached"
    return f"- {row['name']}: at least {wanted} times PyTorch, {row['times_pytorch']:.2f} measured: {reached}"


def _contenders(images: Images, members: Sequence[int], only_pytorch: bool) -> list[Contender]:
    found = [torch_eager(images)]
    if not only_pytorch:
        try:
            compiled = torch_eager(images, compiled=True)
            compiled.run(1)
            found.append(compiled)
        except Exception as error:  # it needs a compiler that works; whatever it lacks, the others go on
            _progress(f"torch.compile does not work here: {type(error).__name__}")
        found += [keras_fit(images), jax_autodiff(images), shoal_plain(images)]
    return found + [shoal(images, count) for count in members]


def _milliseconds(contender: Contender) -> list[float]:
    return [seconds / NOTED_STEPS * 1e3 for seconds in contender.seconds]


def _ratio(other: list[float], own: list[float]) -> float:
    return statistics.median(b / a for a, b in zip(own, other, strict=True))


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="keep every number in this file")
    parser.add_argument("--markdown", type=Path, help="keep the table in this file")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--members", type=int, nargs="+", default=[1, 8, 32], help="widths of Shoal's stacks")
    parser.add_argument("--only-pytorch", action="store_true", help="compare with PyTorch eager alone")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--segment", type=float, default=0.3, help="seconds of a contender in a round, about")
    return parser.parse_args()


if __name__ == "__main__":
    main()
