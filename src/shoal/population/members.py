"""The members of a chunk, and how they stand in its rectangle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from shoal.population.initial_arrays import InitialArrays
from shoal.population.program import Chunk
from shoal.study.settings.base import leaves
from shoal.training.randomness import seed_key


class MemberInputs(NamedTuple):
    """Which members: traced values by path (columns,), keys (rows,) or, sharing an order, (columns,),
    and the keys of the orders of examples (rows,). Where they are given, the weights from which all start
    and the examples of each batch (steps, batch)."""

    values: dict[str, Array]
    keys: Array
    order_keys: Array
    weights: dict[str, dict[str, Array]] | None = None
    order: Array | None = None


def member_inputs(chunk: Chunk, dtype: Any) -> MemberInputs:
    """The members of a chunk: their traced values, and the keys of their seeds."""
    program, seeds = chunk.program, chunk.seeds
    each = [leaves(program.cells[c].settings)[0] for c in chunk.cells]
    shared = program.settings.training.shared_order
    times = len(seeds) if shared else 1
    values = {p: jnp.asarray(np.repeat([one[p] for one in each], times), dtype) for p in program.traced}
    keys = jax.vmap(seed_key)(jnp.asarray(seeds, jnp.uint32))
    if not shared:
        return MemberInputs(values, keys, keys, *_given(program.given, dtype))
    first = jax.vmap(seed_key)(jnp.asarray(program.seeds[:1], jnp.uint32))
    return MemberInputs(values, jnp.tile(keys, len(each)), first, *_given(program.given, dtype))


def _given(given: InitialArrays, dtype: Any) -> tuple[Any, Array | None]:
    weights = jax.tree.map(lambda array: jnp.asarray(array, dtype), given.weights)
    return weights, None if given.order is None else jnp.asarray(given.order)


def members_per_batch(chunk: Chunk) -> int:
    """Members that share their batches: the cells of a seed, or everyone."""
    return chunk.members if chunk.program.settings.training.shared_order else len(chunk.cells)


def measured_together(chunk: Chunk) -> int:
    """Members that are measured at the same time: a row, or all where every row has data of its own."""
    return chunk.members if chunk.program.inputs.drawn else members_per_batch(chunk)


def cells_first(chunk: Chunk) -> Callable[[np.ndarray], np.ndarray]:
    """From (rows, columns, ...) to (cells, seeds, ...)."""
    cells, seeds = len(chunk.cells), len(chunk.seeds)

    def order(value: Any) -> np.ndarray:
        value = np.asarray(value)
        if chunk.program.settings.training.shared_order:
            return value.reshape(cells, seeds, *value.shape[2:])
        return np.swapaxes(value, 0, 1)

    return order
