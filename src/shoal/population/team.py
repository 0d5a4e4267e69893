"""Chunks that train together, compiled: from an explicit population to the next.

Stacks of different structures train on the same batches, step by step together; each row takes its next
examples in the order of its seed. Their first products are one wide matrix product
(kernels/wide_product.py); from there on every stack goes its own way, at its own width and depth. Nothing is
padded: a network is the one that it would be alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from shoal.kernels.wide_product import products, weight_gradients
from shoal.population.device_data import DeviceData, to_device
from shoal.population.member import first_of
from shoal.population.members import MemberInputs, member_inputs
from shoal.population.program import Chunk, Layout, Program
from shoal.population.stack import Stack, probe, stack_of
from shoal.training.randomness import epoch_order
from shoal.training.splits import DeviceSplit, standardize
from shoal.training.step import MemberState

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
    program: Program,
    orders: Array,
    who: MemberInputs,
    data: DeviceData,
    step: Array,
    position: Array,
    size: int,
) -> tuple[Array, Array, Array]:
    """The orders in this epoch, (rows, n), and the batch: inputs (rows, size, ...) standardized with labels
    (rows, size), without the axis of rows where `batch_axis` is None."""
    n, train = program.batches.n, data.train
    if who.order is not None:
        chosen = who.order[step]
        own = jax.vmap(_taken, in_axes=(0, None)) if program.inputs.drawn else _taken
        inputs, labels = own(train, chosen)
        return orders, standardize(inputs, data.scale), labels
    if size == n:
        return orders, standardize(train.inputs, data.scale), train.labels
    orders = lax.cond(position == 0, lambda: _shuffled(program, who, step), lambda: orders)
    first = jnp.minimum(position * program.batches.size, n - size)
    chosen = lax.dynamic_slice_in_dim(orders, first, size, axis=1)
    inputs, labels = jax.vmap(_taken)(train, chosen) if program.inputs.drawn else _taken(train, chosen)
    return orders, standardize(inputs, data.scale), labels


def batch_axis(program: Program, who: MemberInputs, size: int) -> int | None:
    """Where a batch has its axis of rows; None where all rows have the same one: the whole training split,
    or examples that are given."""
    same = size == program.batches.n or who.order is not None
    return None if same and not program.inputs.drawn else 0


def _shuffled(program: Program, who: MemberInputs, step: Array) -> Array:
    batches = program.batches
    if program.inputs.drawn and program.steps <= batches.per_epoch:
        rows = len(who.order_keys)  # drawn at random already: the first epoch takes them as they come
        return jnp.broadcast_to(jnp.arange(batches.n, dtype=jnp.int32), (rows, batches.n))
    return jax.vmap(lambda key: epoch_order(key, step // batches.per_epoch, batches.n))(who.order_keys)


def _taken(split: DeviceSplit, chosen: Array) -> tuple[Array, Array]:
    """The chosen examples, as they came."""
    return split.inputs[chosen], split.labels[chosen]


Records = list[dict[str, np.ndarray]]  # of each chunk: what was measured, (rows, columns, ...)


@dataclass(frozen=True)
class Like:
    """Shapes and dtypes of a team's population, and of what each chunk measures at a recorded step."""

    population: Any
    records: Sequence[Layout]


class CompiledTraining:
    """The functions of chunks that train together. A population is all that one call hands to the next.

    `advance` uses a population's memory for the one after it. `like` is a population's shapes and dtypes.
    """

    def __init__(self, chunks: Sequence[Chunk], dtype: Any) -> None:
        self.chunks, self.program = tuple(chunks), chunks[0].program
        self.who = tuple(member_inputs(chunk, dtype) for chunk in chunks)
        self.data = to_device(self.program, self.who[0], dtype)
        self._team = team = JointTraining([stack_of(chunk, dtype) for chunk in chunks])
        self.like = now = jax.eval_shape(team.start, self.who)
        given = now, self.who, self.data

        def compiled(function: Callable[..., Any], *shapes: Any, donate: tuple[int, ...] = ()) -> Any:
            return jax.jit(function, donate_argnums=donate).lower(*shapes).compile()

        self._start = compiled(team.start, self.who)
        self._advance = compiled(team.advance, *given, jax.ShapeDtypeStruct((), jnp.int32), donate=(0,))
        self._measure = compiled(partial(team.measure, at_end=False), *given)
        self._finish = compiled(partial(team.measure, at_end=True), *given)
        self._health = compiled(team.health, *given) if self.program.settings.record.probe else None
        self._unstacked = compiled(team.unstacked, now)
        self._rates = compiled(team.rates, self.who)

    def kept_like(self) -> Like:
        """Shapes and dtypes of what a checkpoint of the team keeps."""
        given = self.like, self.who, self.data
        records = jax.eval_shape(partial(self._team.measure, at_end=False), *given)
        if self._health is not None:
            health = jax.eval_shape(self._team.health, *given)
            records = [one | other for one, other in zip(records, health, strict=True)]
        return Like(self.like, records)

    def start(self) -> Population:
        """Every member before its first step."""
        return self._start(self.who)

    def place(self, population: Population) -> Population:
        """A population that lay on the host, on the device: copied, since its memory will be used again."""
        return jax.tree.map(jnp.array, population)

    def advance(self, population: Population, last: int) -> Population:
        """The population after `last` steps in all, as soon as it is there."""
        population = self._advance(population, self.who, self.data, jnp.int32(last))
        return jax.block_until_ready(population)

    def measure(self, population: Population) -> Records:
        """The curves' values."""
        return jax.device_get(self._measure(population, self.who, self.data))

    def health(self, population: Population) -> Records:
        """What `[record] health` measures; nothing where it is off."""
        if self._health is None:
            return [{} for _ in self.chunks]
        return jax.device_get(self._health(population, self.who, self.data))

    def finish(self, population: Population) -> Records:
        """What is measured at the end, on the test split."""
        return jax.device_get(self._finish(population, self.who, self.data))

    def weights(self, population: Population) -> list[Any]:
        """The parameters of each chunk by layer, (rows, columns, ...)."""
        return jax.device_get(self._unstacked(population))

    def rates(self) -> list[np.ndarray]:
        """The learning rate at each recorded step, (columns, record)."""
        return jax.device_get(self._rates(self.who))


EveryMember = Sequence[MemberInputs]


class Population(NamedTuple):
    """All there is of a training on its way: the steps done, the members of each stack, and each row's order
    of examples in this epoch, (rows, n)."""

    step: Array
    members: tuple[MemberState, ...]
    orders: Array


class JointTraining:
    """Stacks that agree in data, batches and seeds (study/together.py says which do). `who` has a Who for
    each, and what is measured comes for each."""

    def __init__(self, stacks: Sequence[Stack]) -> None:
        self.stacks, self.program = tuple(stacks), stacks[0].program

    def start(self, who: EveryMember) -> Population:
        """Every member before its first step."""
        orders = jnp.zeros((len(who[0].order_keys), self.program.batches.n), jnp.int32)
        members = tuple(stack.start(own) for stack, own in zip(self.stacks, who, strict=True))
        return Population(jnp.int32(0), members, orders)

    def advance(self, population: Population, who: EveryMember, data: DeviceData, last: Array) -> Population:
        """The population after `last` steps in all. How many these are is not part of the program."""

        return lax.while_loop(
            lambda now: now.step < last, lambda now: self.one_step(now, who, data), population
        )

    def one_step(self, now: Population, who: EveryMember, data: DeviceData) -> Population:
        """The population after one step."""
        return in_batches(self.program, now.step, now, partial(self._step, who, data))

    def measure(
        self, population: Population, who: EveryMember, data: DeviceData, at_end: bool
    ) -> list[dict[str, Array]]:
        """Curves' values (rows, columns); at the end those of the test split."""
        return [stack.measure(m, w, data, at_end) for stack, m, w in self._each(population, who)]

    def health(self, population: Population, who: EveryMember, data: DeviceData) -> list[dict[str, Array]]:
        """What `[record] health` measures."""
        return [probe(stack, m, w, data, population.step) for stack, m, w in self._each(population, who)]

    def rates(self, who: EveryMember) -> list[Array]:
        """The learning rate at each recorded step, (columns, record)."""
        return [stack.rates(own) for stack, own in zip(self.stacks, who, strict=True)]

    def unstacked(self, population: Population) -> list[Any]:
        """The parameters with rows and columns leading in every array, (row, column, ...)."""
        return [s.unstacked(members) for s, members in zip(self.stacks, population.members, strict=True)]

    def _each(
        self, population: Population, who: EveryMember
    ) -> Iterator[tuple[Stack, MemberState, MemberInputs]]:
        return zip(self.stacks, population.members, who, strict=True)

    def _step(
        self, who: EveryMember, data: DeviceData, now: Population, position: Array, size: int
    ) -> Population:
        orders, x, labels = next_batch(self.program, now.orders, who[0], data, now.step, position, size)
        shared = batch_axis(self.program, who[0], size)
        if len(self.stacks) == 1:
            members = (self.stacks[0].step(now.members[0], who[0], x, labels, shared, now.step),)
        else:
            members = self._step_together(now, who, x, labels, shared)
        return Population(now.step + 1, members, orders)

    def _step_together(
        self, now: Population, who: EveryMember, x: Array, labels: Array, shared: int | None
    ) -> tuple[MemberState, ...]:
        """All members after one batch; where `shared` is None it has no axis of rows."""
        flat = x.reshape(*labels.shape, -1)
        weights = [m.parameters[_first(stack)]["W"] for stack, m, _ in self._each(now, who)]
        handed = jax.vmap(products, in_axes=(shared, 0))(flat, weights)
        learned = [
            stack.forward_backward_from_product(members, own, x, product, labels, shared, now.step)
            for (stack, members, own), product in zip(self._each(now, who), handed, strict=True)
        ]
        dW = jax.vmap(weight_gradients, in_axes=(shared, 0))(flat, [dP for dP, _ in learned])
        return tuple(
            stack.apply_update_with(members, own, first, rest, now.step)
            for (stack, members, own), first, (_, rest) in zip(self._each(now, who), dW, learned, strict=True)
        )


def _first(stack: Stack) -> str:
    return first_of(stack.program.network())
