"""What `[record] health` costs: the same study trained with and without it, in turns, 20 record points each.

    python benchmarks/health.py --data-dir DIR --rounds 7

Times are of training and recording, without compilation, which is printed beside them. Only the ratio within
a round means anything where others use the machine.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from shoal.study.load import make_study
from shoal.study.program import Chunk
from shoal.study.run import plan_study
from shoal.study.train import train_chunk

RATE = {"schedule": {"kind": "triangular", "min": 1e-5, "max": 0.1, "half_cycle": 450}}
STUDIES: dict[str, dict[str, Any]] = {
    "CIFAR-10, MLP 3072-50-50-10 with batch norm, 8 networks, 2 epochs": {
        "data": {"name": "cifar10"},
        "network": {"hidden": [50, 50], "batch_norm": True},
        "training": {"batch_size": 100, "epochs": 2, **RATE},
        "vary": {"training.l2": {"log": [1e-5, 1e-1], "count": 8}, "seed": 1},
    },
    "MNIST, MLP 784-100x5-10 tanh, 5 networks, 2 epochs": {
        "data": {"name": "mnist"},
        "network": {"hidden": [100] * 5, "activation": "tanh", "initial": "glorot_normal"},
        "training": {"batch_size": 32, "epochs": 2, "optimizer": "rmsprop", "learning_rate": 1e-3},
        "vary": {"seed": 5},
    },
}


def chunk_of(raw: dict[str, Any], health: bool, data_dir: str | None) -> Chunk:
    """The one chunk of a study, with or without health."""
    study = make_study({**raw, "record": {"points": 20, "health": health}})
    return plan_study(study, data_dir=data_dir).chunks[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    for title, raw in STUDIES.items():
        off, on = (chunk_of(raw, health, given.data_dir) for health in (False, True))
        seconds: dict[bool, list[float]] = {False: [], True: []}
        compiling: dict[bool, float] = {}
        for turn in range(given.rounds + 1):  # the first warms up
            for health, chunk in ((False, off), (True, on)) if turn % 2 else ((True, on), (False, off)):
                result = train_chunk(chunk)
                compiling.setdefault(health, result.seconds_compile)
                if turn:
                    seconds[health].append(result.seconds - result.seconds_compile)
        ratios = [b / a for a, b in zip(seconds[False], seconds[True], strict=True)]
        print(title)
        without, with_it = statistics.median(seconds[False]), statistics.median(seconds[True])
        print(f"  without {without:.2f} s, with {with_it:.2f} s")
        print(f"  ratio: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")
        print(f"  compilation: {compiling[False]:.1f} s without, {compiling[True]:.1f} s with", flush=True)


if __name__ == "__main__":
    main()
