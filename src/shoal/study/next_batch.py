"""The batch of a step: each row's next examples in the order of its seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax

from shoal.study.placed import Data
from shoal.study.program import Program
from shoal.study.who import Who
from shoal.training.measure import Split, standardized
from shoal.training.randomness import epoch_order

State = TypeVar("State")


def in_batches(
    program: Program, step: Array, now: State, train: Callable[[State, Array, int], State]
) -> State:
    """`train(now, position in the epoch, size)`; the last batch of an epoch may be of another size."""
    batches = program.batches
    position = step % batches.per_epoch
    if batches.full == 0 or batches.tail == 0:
        return train(now, position, batches.tail or batches.size)
    return lax.cond(
        position == batches.per_epoch - 1,
        lambda now: train(now, position, batches.tail),
        lambda now: train(now, position, batches.size),
        now,
    )


def next_batch(
    program: Program, orders: Array, who: Who, data: Data, step: Array, position: Array, size: int
) -> tuple[Array, Array, Array]:
    """The orders in this epoch, (rows, n), and the batch: inputs (rows, size, ...) standardized with labels
    (rows, size), without the axis of rows where `batch_axis` is None."""
    n, train = program.batches.n, data.train
    if who.order is not None:
        chosen = who.order[step]
        own = jax.vmap(_taken, in_axes=(0, None)) if program.inputs.drawn else _taken
        inputs, labels = own(train, chosen)
        return orders, standardized(inputs, data.scale), labels
    if size == n:
        return orders, standardized(train.inputs, data.scale), train.labels
    orders = lax.cond(position == 0, lambda: _shuffled(program, who, step), lambda: orders)
    first = jnp.minimum(position * program.batches.size, n - size)
    chosen = lax.dynamic_slice_in_dim(orders, first, size, axis=1)
    inputs, labels = jax.vmap(_taken)(train, chosen) if program.inputs.drawn else _taken(train, chosen)
    return orders, standardized(inputs, data.scale), labels


def batch_axis(program: Program, who: Who, size: int) -> int | None:
    """Where a batch has its axis of rows; None where all rows have the same one: the whole training split,
    or examples that are given."""
    same = size == program.batches.n or who.order is not None
    return None if same and not program.inputs.drawn else 0


def _shuffled(program: Program, who: Who, step: Array) -> Array:
    batches = program.batches
    if program.inputs.drawn and program.steps <= batches.per_epoch:
        rows = len(who.order_keys)  # drawn at random already: the first epoch takes them as they come
        return jnp.broadcast_to(jnp.arange(batches.n, dtype=jnp.int32), (rows, batches.n))
    return jax.vmap(lambda key: epoch_order(key, step // batches.per_epoch, batches.n))(who.order_keys)


def _taken(split: Split, chosen: Array) -> tuple[Array, Array]:
    """The chosen examples, as they came."""
    return split.inputs[chosen], split.labels[chosen]
