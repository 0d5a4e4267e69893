"""Members of one structure, stacked and trained together as one compiled computation.

A chunk is a rectangle: one row a seed, one column a cell. Members of a row share their batches, so the
first layer of a whole row is one wide matrix product; for that its weights are stored (row, D, column, H),
while every other array leads with (row, column). With `shared_order` there is a single row, and every
member is a column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from shoal.kernels import accelerate
from shoal.layers import Affine, l2_cost
from shoal.network import Network
from shoal.study.build import batch_norm_settings
from shoal.study.groups import most_at_once, vmap_in_groups
from shoal.study.pictures import most_mistakes
from shoal.study.placed import Data
from shoal.study.program import Program
from shoal.study.spec.paths import overlay
from shoal.study.who import Who
from shoal.training.measure import Split, evaluate_split, population_state, standardized
from shoal.training.randomness import dropout_noise, epoch_order, initial_noise
from shoal.training.schedules import Clock, rate_at
from shoal.training.step import Member, start_member, train_step


class Population(NamedTuple):
    """The members in training, and each row's order of examples in this epoch, (rows, n)."""

    members: Member
    orders: Array


class Stack:
    """The compiled functions of one program: start, advance, measure."""

    def __init__(self, program: Program, columns: int, block: int, dtype: Any) -> None:
        self.program, self.columns, self.block, self.dtype = program, columns, block, dtype
        training = program.settings.training
        self._key_axes = (None, 0) if training.shared_order else (0, None)  # over rows, over columns
        self._axes = self._member_axes()
        self._at_once = most_at_once(program.network(), jax.default_backend())

    def start(self, who: Who) -> Population:
        """Every member before its first step."""
        row_axis, column_axis = self._key_axes
        column = jax.vmap(
            self._start_one, in_axes=(0, column_axis, None), out_axes=self._axes, axis_size=self.columns
        )
        rows = jax.vmap(column, in_axes=(None, row_axis, None), axis_size=len(who.order_keys))
        orders = jnp.zeros((len(who.order_keys), self.program.batches.n), jnp.int32)
        return Population(rows(who.values, who.keys, who.weights), orders)

    def advance(self, population: Population, who: Who, data: Data, first: Array, last: Array) -> Population:
        """The population after the steps first .. last - 1. The bounds are not part of the program."""

        return lax.fori_loop(first, last, lambda step, now: self.one_step(now, who, data, step), population)

    def one_step(self, now: Population, who: Who, data: Data, step: Array) -> Population:
        """The population after one step; the last batch of an epoch may be of another size."""
        batches = self.program.batches
        position = step % batches.per_epoch
        if batches.full == 0 or batches.tail == 0:
            return self._step(now, who, data, step, position, batches.tail or batches.size)
        return lax.cond(
            position == batches.per_epoch - 1,
            lambda p: self._step(p, who, data, step, position, batches.tail),
            lambda p: self._step(p, who, data, step, position, batches.size),
            now,
        )

    def measure(self, population: Population, who: Who, data: Data, at_end: bool) -> dict[str, Array]:
        """Curves' values (rows, columns), a row at a time; at the end those of the test split."""

        def one(member: Member, values: dict[str, Array], data: Data) -> dict[str, Array]:
            return self._measure_one(member, values, data, at_end)

        return self.each_member(one, population, who, data)

    def each_member(
        self,
        one: Callable[[Member, dict[str, Array], Data], dict[str, Array]],
        population: Population,
        who: Who,
        data: Data,
    ) -> dict[str, Array]:
        """What `one` says of every member, (rows, columns, ...), a row at a time."""
        column = self._over_columns(one, (self._axes, 0, None))
        if self.program.inputs.drawn:
            own = Data(0, 0, 0, 0, None)  # type: ignore[arg-type]
            rows = jax.vmap(lambda row, data: column(row, who.values, data), in_axes=(0, own))
            return rows(population.members, data)
        return lax.map(lambda row: column(row, who.values, data), population.members)

    def rates(self, who: Who) -> Array:
        """The learning rate at each recorded step, (columns, record)."""
        steps = jnp.asarray(self.program.record, jnp.int32)

        def one(values: dict[str, Array]) -> Array:
            training = self.settings(values).training
            return jax.vmap(lambda t: rate_at(training, self.clock(t), self.dtype))(steps)

        return jax.vmap(one, axis_size=self.columns)(who.values)

    def unstacked(self, members: Member) -> Any:
        """The parameters with rows and columns leading in every array, (row, column, ...)."""
        return jax.tree.map(
            lambda leaf, axis: jnp.moveaxis(leaf, axis + 1, 1), members.parameters, self._axes.parameters
        )

    # One member

    def _start_one(self, values: dict[str, Array], key: Array, given: Any = None) -> Member:
        settings = self.settings(values)
        network = self.program.network(settings)
        noise = initial_noise(network, key, self.dtype) if given is None else None
        return start_member(network, settings.training, noise, given)

    def _step_one(
        self, member: Member, values: dict[str, Array], key: Array, x: Array, labels: Array, step: Array
    ) -> Member:
        settings = self.settings(values)
        network = self._fast(settings)
        targets = network.loss.targets_from_labels(labels, network.classes, x)
        noise = dropout_noise(network, key, step, x.shape[0], self.dtype)
        return train_step(network, settings.training, member, x, targets, self.clock(step), noise)

    def _measure_one(
        self, member: Member, values: dict[str, Array], data: Data, at_end: bool
    ) -> dict[str, Array]:
        settings = self.settings(values)
        network = self._fast(settings)
        state = member.state
        norm = batch_norm_settings(settings.network)
        if norm is not None and norm.statistics == "population":
            state = population_state(network, member.parameters, data.train, data.scale, self.block)
        penalty = l2_cost(settings.training.l2, list(network.weights(member.parameters).values()))
        found: dict[str, Array] = {"diverged_step": member.diverged_step}
        splits = {"test": data.test} if at_end else {"train": data.curve, "validation": data.validation}
        for name, split in splits.items():
            if split is None:
                continue
            wrong = most_mistakes(self.program) if name == "test" else 0
            values_of = evaluate_split(
                network, member.parameters, state, split, data.scale, self.block, wrong
            )
            found[f"{name}_loss"], found[f"{name}_cost"] = values_of["loss"], values_of["loss"] + penalty
            if "accuracy" in values_of:
                found[f"{name}_accuracy"] = values_of["accuracy"]
            if name == "test":
                ends = ("confusion", "prediction_span", "mistake_")
                found |= {key: value for key, value in values_of.items() if key.startswith(ends)}
        return found

    def _fast(self, settings: Any) -> Network:
        """The network in the form that is fastest on the device."""
        return accelerate(self.program.network(settings), jax.default_backend())

    # The stack

    def _step(
        self, now: Population, who: Who, data: Data, step: Array, position: Array, size: int
    ) -> Population:
        n = self.program.batches.n
        row_axis, column_axis = self._key_axes
        drawn = self.program.inputs.drawn
        listed = who.order
        whole = size == n and listed is None
        orders = now.orders
        if whole:
            inputs, labels = standardized(data.train.inputs, data.scale), data.train.labels
        elif listed is not None:
            train, chosen = data.train, listed[step]
            inputs, labels = (
                jax.vmap(lambda own: _taken(own, chosen))(train) if drawn else _taken(train, chosen)
            )
            inputs = standardized(inputs, data.scale)
        else:
            orders = lax.cond(position == 0, lambda: self._shuffled(who, step), lambda: now.orders)
            first = jnp.minimum(position * self.program.batches.size, n - size)
            chosen = lax.dynamic_slice_in_dim(orders, first, size, axis=1)
            train = data.train
            inputs, labels = jax.vmap(_taken)(train, chosen) if drawn else _taken(train, chosen)
            inputs = standardized(inputs, data.scale)
        column = self._over_columns(
            self._step_one, (self._axes, 0, column_axis, None, None, None), self._axes
        )
        shared = None if (whole or listed is not None) and not drawn else 0
        rows = self._over_rows(column, (0, None, row_axis, shared, shared, None), len(who.order_keys))
        return Population(rows(now.members, who.values, who.keys, inputs, labels, step), orders)

    def _over_columns(self, one: Callable[..., Any], in_axes: Sequence[Any], out_axes: Any = 0) -> Any:
        return vmap_in_groups(one, in_axes, self.columns, self._at_once, out_axes)

    def _over_rows(self, row: Callable[..., Any], in_axes: Sequence[Any], rows: int) -> Any:
        most = self._at_once and max(1, self._at_once // self.columns)
        return vmap_in_groups(row, in_axes, rows, most)

    def _shuffled(self, who: Who, step: Array) -> Array:
        batches = self.program.batches
        if self.program.inputs.drawn and self.program.steps <= batches.per_epoch:
            rows = len(who.order_keys)  # drawn at random already: the first epoch takes them as they come
            return jnp.broadcast_to(jnp.arange(batches.n, dtype=jnp.int32), (rows, batches.n))
        return jax.vmap(lambda key: epoch_order(key, step // batches.per_epoch, batches.n))(who.order_keys)

    def settings(self, values: dict[str, Array]) -> Any:
        """The settings of the member with these traced values."""
        return overlay(self.program.settings, values)

    def clock(self, step: Array) -> Clock:
        """Where training stands at a step."""
        return Clock(step, self.program.steps, self.program.batches.per_epoch)

    def _member_axes(self) -> Member:
        """Where columns stand in each array of a row: second in the first layer's weights, else first."""
        values = {path: jax.ShapeDtypeStruct((), self.dtype) for path in self.program.traced}
        key = jax.eval_shape(lambda: jax.random.key(0, impl="threefry2x32"))
        shapes = jax.eval_shape(self._start_one, values, key)
        first = first_affine(self.program.network())

        def axis(path: Any, _: Any) -> int:
            names = [getattr(part, "key", None) for part in path]
            return 1 if first is not None and first in names and names[-1] == "W" else 0

        return jax.tree_util.tree_map_with_path(axis, shapes)


def _taken(split: Split, chosen: Array) -> tuple[Array, Array]:
    """The chosen examples, as they came."""
    return split.inputs[chosen], split.labels[chosen]


def first_affine(network: Network) -> str | None:
    """The affine map that meets the shared batch itself, or None where something trained comes before it."""
    for name, layer, shape in network.named_layers:
        if isinstance(layer, Affine):
            return name
        if layer.parameter_shapes(shape):
            return None
    return None
