"""Which arrays a chunk of a plan comes to, by their names, shapes and dtypes, without training anything.

The functions that measure are asked for the shapes of what they return (jax.eval_shape): whatever is measured
in time is known here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from shoal.population.device_data import data_like
from shoal.population.members import member_inputs
from shoal.population.program import Chunk, Layout
from shoal.population.stack import stack_of
from shoal.population.team import JointTraining
from shoal.training.runtime import numerics

Shape = jax.ShapeDtypeStruct


@dataclass(frozen=True)
class ChunkLayout:
    """The arrays of a ChunkResult, cells first; those of `record` and `rates` without the axis of records."""

    record: Layout
    finals: Layout
    weights: Layout
    rates: Shape


class Layouts:
    """The layouts of a plan's chunks; chunks of one program and one size have the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, int], ChunkLayout] = {}

    def of(self, chunk: Chunk) -> ChunkLayout:
        """What the result of this chunk holds."""
        key = chunk.program.index, len(chunk.cells), len(chunk.seeds)
        if key not in self._known:
            self._known[key] = layout_of(chunk)
        return self._known[key]


@dataclass(frozen=True)
class Shapes:
    """A chunk's own team, with the shapes of its population, its members and its data in place of them."""

    team: JointTraining
    given: tuple[Any, ...]

    @classmethod
    def of(cls, chunk: Chunk, dtype: Any) -> Shapes:
        """Those of a chunk, inside `numerics`."""
        team = JointTraining([stack_of(chunk, dtype)])
        who = jax.eval_shape(lambda: (member_inputs(chunk, dtype),))
        data = data_like(chunk.program, who[0], dtype)
        return cls(team, (jax.eval_shape(team.start, who), who, data))

    @property
    def population(self) -> dict[str, Any]:
        """Every array of the population by its path."""
        leaves, _ = jax.tree_util.tree_flatten_with_path(self.given[0])
        return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}

    def measured(self, at_end: bool = False) -> dict[str, Any]:
        """What the curves' values are, (rows, columns, ...); at the end those of the test split."""
        return jax.eval_shape(partial(self.team.measure, at_end=at_end), *self.given)[0]

    def health(self) -> dict[str, Any]:
        """What `[record] health` measures."""
        return jax.eval_shape(self.team.health, *self.given)[0]

    def weights(self) -> dict[str, dict[str, Any]]:
        """The parameters by layer and name."""
        return jax.eval_shape(self.team.unstacked, self.given[0])[0]


def layout_of(chunk: Chunk) -> ChunkLayout:
    """What the result of a chunk holds."""
    program = chunk.program
    with numerics(program.settings.training.precision) as dtype:
        shapes = Shapes.of(chunk, dtype)
        measured, finals, weights = shapes.measured(), shapes.measured(at_end=True), shapes.weights()
        if program.settings.record.probe and not program.full_batch:
            measured |= shapes.health()
    ordered = _cells_first(chunk)
    return ChunkLayout(
        {name: ordered(one) for name, one in measured.items()},
        {name: ordered(one) for name, one in finals.items()},
        {f"{layer}.{name}": ordered(one) for layer, own in weights.items() for name, one in own.items()},
        Shape((len(chunk.cells),), np.float64 if program.full_batch else dtype),
    )


def _cells_first(chunk: Chunk) -> Callable[[Any], Shape]:
    """From (rows, columns, ...) to (cells, seeds, ...), as study/who.py orders values."""
    leading = len(chunk.cells), len(chunk.seeds)
    return lambda one: Shape((*leading, *one.shape[2:]), one.dtype)
