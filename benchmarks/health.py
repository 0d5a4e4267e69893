"""What `[record] health` costs: the time of 20 records of it beside that of the training they are taken from.

    python benchmarks/health.py --data-dir DIR --rounds 15

Segments of training and single records take turns; the cost is formed within each round, so what else runs on
the machine hits both alike. The loss curves' own records are left out: the share is of training alone.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from shoal.population.device_data import to_device
from shoal.population.members import member_inputs
from shoal.population.plan import plan_study
from shoal.population.stack import stack_of
from shoal.population.team import JointTraining
from shoal.study.load import make_study
from shoal.training.runtime import keep_freed_memory, numerics

POINTS, SEGMENT = 20, 50
RATE = {"schedule": {"kind": "triangular", "min": 1e-5, "max": 0.1, "half_cycle": 450}}
LENET = [
    *({"conv": 6, "kernel": 5}, "tanh", {"average_pool": 2}, "batch_norm"),
    *({"conv": 16, "kernel": 5}, "tanh", {"average_pool": 2}, "batch_norm"),
    *({"dense": 120}, "tanh", "batch_norm", {"dense": 84}, "tanh", "batch_norm"),
]
STUDIES: dict[str, dict[str, Any]] = {
    "CIFAR-10, MLP 3072-50-50-10 with batch norm, 8 networks, 1 cycle of 900 steps": {
        "data": {"name": "cifar10"},
        "network": {"hidden": [50, 50], "batch_norm": True},
        "training": {"batch_size": 100, "cycles": 1, **RATE},
        "vary": {"training.l2": {"log": [1e-5, 1e-1], "count": 8}, "seed": 1},
    },
    "MNIST, MLP 784-100x5-10 tanh, 5 networks, 1 epoch": {
        "data": {"name": "mnist"},
        "network": {"hidden": [100] * 5, "activation": "tanh", "initial": "glorot_normal"},
        "training": {"batch_size": 32, "epochs": 1, "optimizer": "rmsprop", "learning_rate": 1e-3},
        "vary": {"seed": 5},
    },
    "MNIST, LeNet-5 with batch norm, batch 128, 2 networks, 2 epochs": {
        "data": {"name": "mnist"},
        "network": {"layers": LENET},
        "training": {"batch_size": 128, "epochs": 2, "learning_rate": 0.01},
        "vary": {"training.l2": [0.0, 1e-4], "seed": 1},
    },
}


def seconds(run: Callable[[], Any]) -> float:
    """The time of one call, to its end."""
    began = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - began


def costs(raw: dict[str, Any], data_dir: str | None, rounds: int) -> tuple[list[float], float, float]:
    """Share of the training that POINTS records take, in each round; seconds of compiling both."""
    study = make_study({**raw, "record": {"points": POINTS, "health": True}})
    (chunk,) = plan_study(study, data_dir=data_dir).chunks
    program = chunk.program
    with numerics("float32") as dtype:
        who, team = (member_inputs(chunk, dtype),), JointTraining([stack_of(chunk, dtype)])
        data = to_device(program, who[0], dtype)
        population, last = jax.jit(team.start)(who), jnp.int32(SEGMENT)
        began = time.perf_counter()
        advance = jax.jit(team.advance).lower(population, who, data, last).compile()
        between = time.perf_counter()
        health = jax.jit(team.health).lower(population, who, data).compile()
        compiling = between - began, time.perf_counter() - between
        train, record = partial(advance, population, who, data, last), partial(health, population, who, data)
        seconds(train), seconds(record)
        shares = []
        for _ in range(rounds):
            of_step = (seconds(train) + seconds(train)) / (2 * SEGMENT)
            of_record = statistics.median(seconds(record) for _ in range(3))
            shares.append((POINTS + 1) * of_record / (program.steps * of_step))
    return shares, *compiling


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    keep_freed_memory()
    for title, raw in STUDIES.items():
        shares, training, health = costs(raw, given.data_dir, given.rounds)
        print(f"{title}: {statistics.median(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})")
        print(
            f"  compilation: {training:.1f} s for the training steps, {health:.1f} s more for health",
            flush=True,
        )


if __name__ == "__main__":
    main()
