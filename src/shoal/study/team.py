"""Stacks of different structures that train on the same batches, step by step together.

Their first products are one wide matrix product (kernels/wide_product.py); from there on every stack goes
its own way, at its own width and depth. Nothing is padded: a member is the network that it would be alone.
A stack that trains alone is a team of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from shoal.kernels.wide_product import products, weight_gradients
from shoal.study.member import first_of
from shoal.study.next_batch import batch_axis, in_batches, next_batch
from shoal.study.placed import Data
from shoal.study.population import Stack
from shoal.study.probe import probe
from shoal.study.who import Who
from shoal.training.step import Member

Everyone = Sequence[Who]


class Population(NamedTuple):
    """All there is of a training on its way: the steps done, the members of each stack, and each row's order
    of examples in this epoch, (rows, n)."""

    step: Array
    members: tuple[Member, ...]
    orders: Array


class Team:
    """Stacks that agree in data, batches and seeds (study/together.py says which do). `who` has a Who for
    each, and what is measured comes for each."""

    def __init__(self, stacks: Sequence[Stack]) -> None:
        self.stacks, self.program = tuple(stacks), stacks[0].program

    def start(self, who: Everyone) -> Population:
        """Every member before its first step."""
        orders = jnp.zeros((len(who[0].order_keys), self.program.batches.n), jnp.int32)
        members = tuple(stack.start(own) for stack, own in zip(self.stacks, who, strict=True))
        return Population(jnp.int32(0), members, orders)

    def advance(self, population: Population, who: Everyone, data: Data, last: Array) -> Population:
        """The population after `last` steps in all. How many these are is not part of the program."""

        return lax.while_loop(
            lambda now: now.step < last, lambda now: self.one_step(now, who, data), population
        )

    def one_step(self, now: Population, who: Everyone, data: Data) -> Population:
        """The population after one step."""
        return in_batches(self.program, now.step, now, partial(self._step, who, data))

    def measure(
        self, population: Population, who: Everyone, data: Data, at_end: bool
    ) -> list[dict[str, Array]]:
        """Curves' values (rows, columns); at the end those of the test split."""
        return [stack.measure(m, w, data, at_end) for stack, m, w in self._each(population, who)]

    def health(self, population: Population, who: Everyone, data: Data) -> list[dict[str, Array]]:
        """What `[record] health` measures."""
        return [probe(stack, m, w, data, population.step) for stack, m, w in self._each(population, who)]

    def rates(self, who: Everyone) -> list[Array]:
        """The learning rate at each recorded step, (columns, record)."""
        return [stack.rates(own) for stack, own in zip(self.stacks, who, strict=True)]

    def unstacked(self, population: Population) -> list[Any]:
        """The parameters with rows and columns leading in every array, (row, column, ...)."""
        return [s.unstacked(members) for s, members in zip(self.stacks, population.members, strict=True)]

    def _each(self, population: Population, who: Everyone) -> Iterator[tuple[Stack, Member, Who]]:
        return zip(self.stacks, population.members, who, strict=True)

    def _step(self, who: Everyone, data: Data, now: Population, position: Array, size: int) -> Population:
        orders, x, labels = next_batch(self.program, now.orders, who[0], data, now.step, position, size)
        shared = batch_axis(self.program, who[0], size)
        if len(self.stacks) == 1:
            members = (self.stacks[0].step(now.members[0], who[0], x, labels, shared, now.step),)
        else:
            members = self._step_together(now, who, x, labels, shared)
        return Population(now.step + 1, members, orders)

    def _step_together(
        self, now: Population, who: Everyone, x: Array, labels: Array, shared: int | None
    ) -> tuple[Member, ...]:
        """All members after one batch; where `shared` is None it has no axis of rows."""
        flat = x.reshape(*labels.shape, -1)
        weights = [m.parameters[_first(stack)]["W"] for stack, m, _ in self._each(now, who)]
        handed = jax.vmap(products, in_axes=(shared, 0))(flat, weights)
        learned = [
            stack.learn_from(members, own, x, product, labels, shared, now.step)
            for (stack, members, own), product in zip(self._each(now, who), handed, strict=True)
        ]
        dW = jax.vmap(weight_gradients, in_axes=(shared, 0))(flat, [dP for dP, _ in learned])
        return tuple(
            stack.update_with(members, own, first, rest, now.step)
            for (stack, members, own), first, (_, rest) in zip(self._each(now, who), dW, learned, strict=True)
        )


def _first(stack: Stack) -> str:
    return first_of(stack.program.network())
