"""Networks of one structure, stacked and trained together as one compiled computation.

A chunk is a rectangle: one row a seed, one column a configuration. Networks of a row share their batches, so
the first layer of a whole row is one wide matrix product; for that its weights are stored (row, D, column,
H), while every other array leads with (row, column). With `shared_order` there is a single row, and every
network is a column. Health is measured on the first training examples: `[record] health`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from shoal.kernels import accelerate
from shoal.layers import Affine
from shoal.network import Network
from shoal.population.device_data import DeviceData
from shoal.population.member import MemberFunctions
from shoal.population.members import MemberInputs, measured_together, members_per_batch
from shoal.population.memory import block_examples
from shoal.population.program import Chunk, Program
from shoal.population.vmap_groups import most_at_once, vmap_in_groups
from shoal.training.health import measure_health
from shoal.training.schedules import rate_at
from shoal.training.splits import standardize
from shoal.training.step import BatchResult, MemberState


def probe(
    stack: Stack, members: MemberState, who: MemberInputs, data: DeviceData, step: Array
) -> dict[str, Array]:
    """Each measure of each layer at a step: (rows, columns, layers) or (rows, columns, layers, quantiles)."""
    wanted = stack.program.settings.record.probe
    assert wanted is not None

    def faster(network: Network) -> Network:
        return accelerate(network, jax.default_backend())

    def one(member: MemberState, values: dict[str, Array], data: DeviceData) -> dict[str, Array]:
        settings = stack.one.settings(values)
        network = stack.program.network(settings)
        x = standardize(data.train.inputs[: wanted.examples], data.scale)
        targets = network.loss.targets_from_labels(data.train.labels[: wanted.examples], network.classes, x)
        clock, training = stack.one.clock(step), settings.training
        return measure_health(network, training, member, x, targets, clock, wanted.quantiles, faster)

    return stack.each_member(one, members, who, data)


class Stack:
    """The members of a program in rows and columns: start, step, measure."""

    def __init__(self, program: Program, columns: int, block: int, dtype: Any) -> None:
        self.program, self.columns, self.one = program, columns, MemberFunctions(program, block, dtype)
        training = program.settings.training
        self.key_axes = (None, 0) if training.shared_order else (0, None)  # over rows, over columns
        self._axes = self._member_axes()
        self._at_once = most_at_once(program.network(), jax.default_backend())

    def start(self, who: MemberInputs) -> MemberState:
        """Every member before its first step."""
        row_axis, column_axis = self.key_axes
        column = jax.vmap(
            self.one.start, in_axes=(0, column_axis, None), out_axes=self._axes, axis_size=self.columns
        )
        rows = jax.vmap(column, in_axes=(None, row_axis, None), axis_size=len(who.order_keys))
        return rows(who.values, who.keys, who.weights)

    def step(
        self,
        members: MemberState,
        who: MemberInputs,
        inputs: Array,
        labels: Array,
        shared: int | None,
        step: Array,
    ) -> MemberState:
        """After one batch, inputs (rows, N, ...) standardized, labels (rows, N). `shared` says where their
        axis of rows is; None where they have none."""
        row_axis, column_axis = self.key_axes
        column = self._over_columns(self.one.step, (self._axes, 0, column_axis, None, None, None), self._axes)
        rows = self._over_rows(column, (0, None, row_axis, shared, shared, None), len(who.order_keys))
        return rows(members, who.values, who.keys, inputs, labels, step)

    def forward_backward_from_product(
        self,
        members: MemberState,
        who: MemberInputs,
        inputs: Array,
        product: Array,
        labels: Array,
        shared: int | None,
        step: Array,
    ) -> tuple[Array, BatchResult]:
        """`MemberFunctions.learn_from`, from products (rows, N, columns, H)."""
        row_axis, column_axis = self.key_axes
        column = self._over_columns(
            self.one.forward_backward_from_product, (self._axes, 0, column_axis, None, 1, None, None), (1, 0)
        )
        rows = self._over_rows(column, (0, None, row_axis, shared, 0, shared, None), len(who.order_keys))
        return rows(members, who.values, who.keys, inputs, product, labels, step)

    def apply_update_with(
        self, members: MemberState, who: MemberInputs, dW: Array, learned: BatchResult, step: Array
    ) -> MemberState:
        """`MemberFunctions.update_with`, with dW (rows, D, columns, H)."""
        column = self._over_columns(self.one.apply_update_with, (self._axes, 0, 1, 0, None), self._axes)
        rows = self._over_rows(column, (0, None, 0, 0, None), len(who.order_keys))
        return rows(members, who.values, dW, learned, step)

    def measure(
        self, members: MemberState, who: MemberInputs, data: DeviceData, at_end: bool
    ) -> dict[str, Array]:
        """Curves' values (rows, columns), a row at a time; at the end those of the test split."""

        def one(member: MemberState, values: dict[str, Array], data: DeviceData) -> dict[str, Array]:
            return self.one.measure(member, values, data, at_end)

        return self.each_member(one, members, who, data)

    def each_member(
        self,
        one: Callable[[MemberState, dict[str, Array], DeviceData], dict[str, Array]],
        members: MemberState,
        who: MemberInputs,
        data: DeviceData,
    ) -> dict[str, Array]:
        """What `one` says of every member, (rows, columns, ...), a row at a time."""
        column = self._over_columns(one, (self._axes, 0, None))
        if self.program.inputs.drawn:
            own = DeviceData(0, 0, 0, 0, None)  # type: ignore[arg-type]
            rows = jax.vmap(lambda row, data: column(row, who.values, data), in_axes=(0, own))
            return rows(members, data)
        return lax.map(lambda row: column(row, who.values, data), members)

    def rates(self, who: MemberInputs) -> Array:
        """The learning rate at each recorded step, (columns, record)."""
        steps = jnp.asarray(self.program.record, jnp.int32)

        def one(values: dict[str, Array]) -> Array:
            training = self.one.settings(values).training
            return jax.vmap(lambda t: rate_at(training, self.one.clock(t), self.one.dtype))(steps)

        return jax.vmap(one, axis_size=self.columns)(who.values)

    def unstacked(self, members: MemberState) -> Any:
        """The parameters with rows and columns leading in every array, (row, column, ...)."""
        return jax.tree.map(
            lambda leaf, axis: jnp.moveaxis(leaf, axis + 1, 1), members.parameters, self._axes.parameters
        )

    def joined(self, several: Sequence[MemberState]) -> MemberState:
        """Members of stacks of this program with the same rows, their columns one after another."""
        return jax.tree.map(lambda axis, *leaves: jnp.concatenate(leaves, axis + 1), self._axes, *several)

    def columns_of(self, members: MemberState, chosen: Array) -> MemberState:
        """These columns of members, in this order."""
        return jax.tree.map(lambda leaf, axis: jnp.take(leaf, chosen, axis + 1), members, self._axes)

    def _over_columns(self, one: Callable[..., Any], in_axes: Sequence[Any], out_axes: Any = 0) -> Any:
        return vmap_in_groups(one, in_axes, self.columns, self._at_once, out_axes)

    def _over_rows(self, row: Callable[..., Any], in_axes: Sequence[Any], rows: int) -> Any:
        most = self._at_once and max(1, self._at_once // self.columns)
        return vmap_in_groups(row, in_axes, rows, most)

    def _member_axes(self) -> MemberState:
        """Where columns stand in each array of a row: second in the first layer's weights, else first."""
        values = {path: jax.ShapeDtypeStruct((), self.one.dtype) for path in self.program.traced}
        key = jax.eval_shape(lambda: jax.random.key(0, impl="threefry2x32"))
        shapes = jax.eval_shape(self.one.start, values, key)
        first = first_affine(self.program.network())

        def axis(path: Any, _: Any) -> int:
            names = [getattr(part, "key", None) for part in path]
            return 1 if first is not None and first in names and names[-1] == "W" else 0

        return jax.tree_util.tree_map_with_path(axis, shapes)


def stack_of(chunk: Chunk, dtype: Any) -> Stack:
    """The members of a chunk."""
    block = block_examples(chunk.program, measured_together(chunk))
    return Stack(chunk.program, members_per_batch(chunk), block, dtype)


def first_affine(network: Network) -> str | None:
    """The affine map that meets the shared batch itself, or None where something trained comes before it."""
    for name, layer, shape in network.named_layers:
        if isinstance(layer, Affine):
            return name
        if layer.parameter_shapes(shape):
            return None
    return None
