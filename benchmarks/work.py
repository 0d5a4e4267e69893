"""The task that every contender trains: an MLP on CIFAR-10 with triangular rates and L2."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

BATCH = 100
HIDDEN = (50, 50)
CLASSES = 10
FEATURES = 3072
TRAIN, VALIDATION = 45_000, 5_000
EPOCH = TRAIN // BATCH  # 450 steps
L2 = 1e-3  # cost: L2 * sum(W**2)
RATE = {"kind": "triangular", "min": 1e-5, "max": 0.1, "half_cycle": 2250}
NINE_LAYERS = (50, 30, 20, 20, 10, 10, 10, 10)


@dataclass(frozen=True)
class Work:
    """The training split as each contender likes it best: x (45000, 3072) float32, standardized, and y."""

    x: np.ndarray
    y: np.ndarray
    loader: Any


def triangular(step: int) -> float:
    """The learning rate at a step."""
    half = RATE["half_cycle"]
    cycle = 1 + step // (2 * half)
    return RATE["min"] + (RATE["max"] - RATE["min"]) * max(0.0, 1 - abs(step / half - 2 * cycle + 1))


def flops_per_step() -> float:
    """Multiplications and additions of one network's step.

    Per weight and example 2 forward, 2 for dW and 2 for dx; the first layer needs no dx. Biases,
    activations, loss, L2 and update are left out, so the floor made of this is a strict one.
    """
    widths = (FEATURES, *HIDDEN, CLASSES)
    weights = [a * b for a, b in pairwise(widths)]
    return BATCH * (4.0 * weights[0] + 6.0 * sum(weights[1:]))


def study(batch_norm: bool, cells: int, seeds: int, steps: int = 20 * EPOCH) -> dict[str, Any]:
    """The task as a study: `cells` values of L2, each with `seeds` seeds."""
    return {
        "data": {"name": "cifar10", "train": TRAIN, "validation": VALIDATION, "standardize": "feature"},
        "network": {"hidden": list(HIDDEN), "activation": "relu", "batch_norm": batch_norm},
        "training": {"batch_size": BATCH, "steps": steps, "schedule": RATE},
        "record": {"points": 2},
        "vary": {"training.l2": {"log": [L2 / 10, L2], "count": cells}, "seed": seeds},
    }


def load_work(data_dir: Path) -> Work:
    """The data set of `data_dir`, split and standardized by Shoal, for everybody."""
    from shoal.data.inputs import Loader
    from shoal.study.load import make_study

    loader = Loader(data_dir, download=False)
    inputs = loader.inputs(make_study(study(False, 1, 1)).base.data)
    part, scaling = inputs.splits.train, inputs.scaling
    x = part.inputs.astype(np.float32)
    x -= scaling.offset
    x *= scaling.scale
    return Work(x.reshape(len(x), -1), part.labels.astype(np.int64), loader)


def write_generated(folder: Path) -> None:
    """Random images in CIFAR-10's binary format, for machines without the real ones."""
    random = np.random.default_rng(0)
    for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
        records = random.integers(0, 256, (10_000, 1 + FEATURES), dtype=np.uint8)
        records[:, 0] %= CLASSES
        (folder / name).write_bytes(records.tobytes())
