"""CS231n's check: central differences at ten random entries of each array, and a relative error."""

from __future__ import annotations

import numpy as np

from .problem import Problem

STEP = 1e-5
ENTRIES = 10


def rel_error(problem: Problem, most: float) -> tuple[bool, tuple[str, str] | None]:
    """Whether |a - n| / max(1e-8, |a| + |n|) is above `most` anywhere, and the array where it is worst."""
    rng = np.random.default_rng(0)
    came = problem.gradients(problem.arrays)
    errors = []
    for k, (array, g) in enumerate(zip(problem.arrays, came, strict=True)):
        entries = rng.choice(array.size, min(ENTRIES, array.size), replace=False)
        errors.append(max(_error(problem, k, int(entry), g.ravel()[entry]) for entry in entries))
    worst = int(np.argmax(errors))
    return not errors[worst] <= most, problem.blocks[worst]


def _error(problem: Problem, k: int, entry: int, came: float) -> float:
    ends = []
    for step in (STEP, -STEP):
        moved = list(problem.arrays)
        moved[k] = problem.arrays[k].copy()
        moved[k].ravel()[entry] += step
        ends.append(problem.cost(moved))
    numeric = (ends[0] - ends[1]) / (2 * STEP)
    return abs(came - numeric) / max(1e-8, abs(came) + abs(numeric))
