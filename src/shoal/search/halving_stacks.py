"""Stacks on their way that are cut anew: columns leave, the others go on exactly from where they were."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shoal.population.device_data import to_device
from shoal.population.members import cells_first, member_inputs
from shoal.population.program import Chunk
from shoal.population.stack import stack_of
from shoal.population.team import JointTraining, Population
from shoal.population.train import SECONDS_A_CALL

Compiled = dict[tuple[int, int, int], tuple[Any, Any]]  # (program, columns, rows): advance, measure


class StackInTraining:
    """A chunk in training, which can be stopped at any step. Its cells may end with repetitions of the last,
    which fill a planned width; `own` of them count. Lanes of one shape share what is `compiled`."""

    def __init__(
        self, chunk: Chunk, own: int, dtype: Any, compiled: Compiled, population: Population | None = None
    ) -> None:
        self.chunk, self.own, self.dtype, self.compiled = chunk, own, dtype, compiled
        self.stack = stack_of(chunk, dtype)
        team, self._who = JointTraining([self.stack]), (member_inputs(chunk, dtype),)
        self._data = to_device(chunk.program, self._who[0], dtype)
        self.population = jax.jit(team.start)(self._who) if population is None else population
        self._stride = 1
        shape = chunk.program.index, len(chunk.cells), len(chunk.seeds)
        if shape not in compiled:
            given = jax.eval_shape(lambda now: now, self.population), self._who, self._data
            step = jax.ShapeDtypeStruct((), jnp.int32)
            measure = jax.jit(lambda now, who, data: team.measure(now, who, data, at_end=False))
            advance = jax.jit(team.advance, donate_argnums=0)
            compiled[shape] = advance.lower(*given, step).compile(), measure.lower(*given).compile()
        self._advance, self._measure = compiled[shape]

    @property
    def cells(self) -> tuple[int, ...]:
        """The cells without repetitions."""
        return self.chunk.cells[: self.own]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, one a row."""
        return self.chunk.seeds

    @property
    def program(self) -> int:
        """The number of its program."""
        return self.chunk.program.index

    def advance(self, target: int, report: Callable[[int], None]) -> None:
        """Train all members up to a step, with a look at the keyboard now and then."""
        at = int(self.population.step)
        while at < target:
            began, steps = time.perf_counter(), min(self._stride, target - at)
            at += steps
            self.population = self._advance(self.population, self._who, self._data, jnp.int32(at))
            jax.block_until_ready(self.population)
            report(steps)
            spent = time.perf_counter() - began
            if steps == self._stride and spent < SECONDS_A_CALL / 2:
                self._stride *= 2
            elif spent > 2 * SECONDS_A_CALL:
                self._stride = max(1, self._stride // 2)

    def measure(self) -> dict[str, np.ndarray]:
        """What the curves record, (rows, columns)."""
        (record,) = jax.device_get(self._measure(self.population, self._who, self._data))
        return record

    def by_cell(self, record: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What was measured, (cells, seeds), without repetitions."""
        order = cells_first(self.chunk)
        return {name: order(value)[: self.own] for name, value in record.items()}

    def state(self) -> dict[str, np.ndarray]:
        """Every array of the population by its path, on the host."""
        leaves, _ = jax.tree_util.tree_flatten_with_path(self.population)
        return {jax.tree_util.keystr(path): np.array(leaf) for path, leaf in leaves}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        leaves, structure = jax.tree_util.tree_flatten_with_path(self.population)
        arrays = [jnp.asarray(state[jax.tree_util.keystr(path)]) for path, _ in leaves]
        self.population = jax.tree.unflatten(structure, arrays)


def narrow(
    lanes: Sequence[StackInTraining], parts: Sequence[Sequence[int]], widths: Sequence[int]
) -> list[StackInTraining]:
    """Lanes of the cells in each of `parts`, so many columns wide, from lanes of one program and the same
    seeds. They have their own memory.

    Weights, optimizer state, running statistics and each row's order of examples are gathered to the last
    bit. Orders and noise belong to the seed and the step, so a member trains on as it would have.
    """
    first = lanes[0]
    seeds, shared = len(first.seeds), first.chunk.program.settings.training.shared_order
    places, start = {}, 0
    for lane in lanes:
        places |= {cell: start + i for i, cell in enumerate(lane.cells)}
        start += len(lane.chunk.cells)
    joined = first.stack.joined([lane.population.members[0] for lane in lanes])
    made = []
    for alive, width in zip(parts, widths, strict=True):
        padded = [*alive, *[alive[-1]] * (width - len(alive))]
        columns = np.array([places[cell] for cell in padded])
        if shared:  # every member is a column: the seeds of a cell stand side by side
            columns = (columns[:, None] * seeds + np.arange(seeds)).ravel()
        members = first.stack.columns_of(joined, jnp.asarray(columns))
        step, orders = jnp.copy(first.population.step), jnp.copy(first.population.orders)
        chunk = replace(first.chunk, cells=tuple(padded))
        made.append(
            StackInTraining(
                chunk, len(alive), first.dtype, first.compiled, Population(step, (members,), orders)
            )
        )
    return made
