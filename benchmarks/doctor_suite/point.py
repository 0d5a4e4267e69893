"""The numbers at which a gradient is asked for, and how two gradients compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .backward import Gradients, gradients
from .forward import Arrays
from .slip import Slip, Slips
from .specimen import Specimen

VISIBLE = 1e-7  # relative to a block's largest entry; what differs less is not planted
SAME = 1e-9
ROUNDING = 1000  # times the rounding that longer arithmetic shows


@dataclass(frozen=True)
class Point:
    """Parameters, one batch with its dropout noise, the batch before, and batch norm's running statistics."""

    parameters: dict[str, Arrays]
    x: np.ndarray
    y: np.ndarray
    noise: Arrays | None
    running: dict[str, Arrays]
    previous: tuple[np.ndarray, np.ndarray]

    def as_type(self, dtype: Any) -> Point:
        """The same numbers in another precision (the uniform noise stays as it is)."""
        x, y = self.previous
        parameters, running = (
            {name: {key: a.astype(dtype) for key, a in own.items()} for name, own in arrays.items()}
            for arrays in (self.parameters, self.running)
        )
        return Point(parameters, self.x.astype(dtype), self.y, self.noise, running, (x.astype(dtype), y))


def gradients_at(net: Specimen, point: Point, slips: tuple[Slip, ...] = ()) -> Gradients:
    """The gradients at a point, with the mistakes; those with memory have seen the batch before."""
    memory = next((slip for slip in slips if slip.name in ("stale-cache", "accumulated")), None)
    rest = Slips([slip for slip in slips if slip is not memory])
    batch = (point.x, point.y)
    if memory is None:
        return gradients(net, point.parameters, *batch, point.noise, rest, point.running)
    before = gradients(net, point.parameters, *point.previous, point.noise, rest, point.running)
    if memory.name == "stale-cache":
        return before
    now = gradients(net, point.parameters, *batch, point.noise, rest, point.running)
    return {name: {key: g + before[name][key] for key, g in own.items()} for name, own in now.items()}


def rounding(net: Specimen, point: Point) -> dict[tuple[str, str], float]:
    """How far float64's gradients are from those in longer arithmetic, by block.

    The blocks of a layer share the largest: the errors of a bias may cancel on one processor and not on
    another, while those of the weights, from the same gradient, do not.
    """
    short = gradients_at(net, point)
    long = gradients_at(net, point.as_type(np.longdouble))
    off = {n: max(float(np.max(np.abs(g - long[n][k]))) for k, g in own.items()) for n, own in short.items()}
    return {(n, k): off[n] for n, own in short.items() for k in own}


def differs(
    a: Gradients, b: Gradients, noise: dict[tuple[str, str], float], tolerance: float
) -> set[tuple[str, str]]:
    """The blocks that differ by more than `tolerance` of their largest entry, and by more than rounding."""
    found = set()
    for name, own in a.items():
        for key, g in own.items():
            other = b[name][key]
            largest = max(float(np.max(np.abs(g))), float(np.max(np.abs(other))))
            off = float(np.max(np.abs(g - other)))
            if not off <= tolerance * largest + ROUNDING * noise[name, key]:
                found.add((name, key))
    return found


def finite(g: Gradients) -> bool:
    """Whether every entry is a number of reasonable size."""
    return all(bool(np.all(np.abs(a) < 1e12)) for own in g.values() for a in own.values())
