"""A case as any checker takes it: a cost and its gradients over a list of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from doctor_suite.case import Case
from doctor_suite.forward import cost
from doctor_suite.handed import as_function

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True)
class Problem:
    """`blocks`: (layer, parameter) of each array. `wanted`: blocks that hold a planted mistake's place."""

    blocks: tuple[tuple[str, str], ...]
    arrays: tuple[np.ndarray, ...]
    cost: Callable[[Arrays], float]
    gradients: Callable[[Arrays], list[np.ndarray]]
    wanted: frozenset[tuple[str, str]]

    def flat(self) -> np.ndarray:
        """All arrays as one vector."""
        return np.concatenate([a.ravel() for a in self.arrays])

    def unflatten(self, vector: np.ndarray) -> list[np.ndarray]:
        """The vector as arrays again."""
        ends = np.cumsum([a.size for a in self.arrays])[:-1]
        parts = np.split(np.asarray(vector), ends)
        return [part.reshape(a.shape) for part, a in zip(parts, self.arrays, strict=True)]


def problem(case: Case) -> Problem:
    """The case, its code warmed up on the batch before, as in training."""
    point, net, function = case.point, case.net, as_function(case)
    blocks = tuple((name, key) for name, own in point.parameters.items() for key in own)
    noise = () if point.noise is None else (point.noise,)

    def tree(arrays: Arrays) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for (name, key), array in zip(blocks, arrays, strict=True):
            found.setdefault(name, {})[key] = np.asarray(array)
        return found

    def gradients(arrays: Arrays) -> list[np.ndarray]:
        came = function(tree(arrays), point.x, point.y, *noise)
        return [np.array(came[name][key]) for name, key in blocks]

    function(point.parameters, *point.previous, *noise)
    return Problem(
        blocks=blocks,
        arrays=tuple(point.parameters[name][key] for name, key in blocks),
        cost=lambda arrays: float(cost(net, tree(arrays), point.x, point.y, point.noise)),
        gradients=gradients,
        wanted=frozenset(
            (layer, part)
            for alternatives in case.wanted
            for places in alternatives
            for layer, parts in places
            for part in parts
        ),
    )
