"""The compiled functions of a full-batch program: one member at a time, its parameters as one flat vector."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
from jax import Array
from jax.flatten_util import ravel_pytree

from shoal.kernels import accelerate
from shoal.network import Network
from shoal.population.device_data import DeviceData, to_device
from shoal.population.members import MemberInputs, member_inputs
from shoal.population.program import Chunk
from shoal.population.stack import stack_of
from shoal.study.settings.base import with_values
from shoal.training.full_batch import flat_cost_and_gradient, flat_hessian_product
from shoal.training.health import without_draws
from shoal.training.splits import standardize


class Examples(NamedTuple):
    """All training examples as the cost takes them: x (N, ...) standardized, targets as the loss wants."""

    x: Array
    targets: Array


class FlatProgram:
    """The functions of one program, compiled for any of its members.

    `start(who) -> p (P,)`, `cost_and_gradient(p, values, x, targets)`, `hessian_product(p, v, values, x,
    targets)`, `measure(p, who, data, x)`, `finish(p, who, data, x)`, `weights(p)`.

    Batch norms are evaluated with the mean and variance of the whole training split at the parameters
    measured: in full batch these are the very statistics that the cost was taken with.
    """

    def __init__(self, chunk: Chunk, dtype: Any) -> None:
        self.program, self.dtype = chunk.program, dtype
        self._stack = stack_of(chunk, dtype)
        who, data = self.who(chunk), self.data(chunk)
        members = self._stack.start(who)
        self._stacked = ravel_pytree(members.parameters)[
            1
        ]  # one row, one column: the order is that of a member
        self._single = ravel_pytree(jax.tree.map(lambda leaf: leaf[0, 0], self._stack.unstacked(members)))[1]
        self._examples = None if self.program.inputs.drawn else self._prepared(data)
        self._compile(who, data, self.examples(data))

    def who(self, chunk: Chunk) -> MemberInputs:
        """The one member of a chunk."""
        return member_inputs(chunk, self.dtype)

    def data(self, chunk: Chunk) -> DeviceData:
        """The member's splits on the device."""
        return to_device(self.program, self.who(chunk), self.dtype)

    def examples(self, data: DeviceData) -> Examples:
        """The training examples, standardized once for all evaluations."""
        return self._prepared(data) if self._examples is None else self._examples

    def _prepared(self, data: DeviceData) -> Examples:
        train = jax.tree.map(lambda leaf: leaf[0], data.train) if self.program.inputs.drawn else data.train
        network = self.program.network()
        x = standardize(train.inputs, data.scale)
        return Examples(x, network.loss.targets_from_labels(train.labels, network.classes, x))

    def _compile(self, who: MemberInputs, data: DeviceData, examples: Examples) -> None:
        values = {path: value[0] for path, value in who.values.items()}
        p = jax.eval_shape(self._start, who)

        def compiled(function: Callable[..., Any], *shaped: Any) -> Any:
            return jax.jit(function).lower(*shaped).compile()

        self.start = compiled(self._start, who)
        self.cost_and_gradient = compiled(self._cost_and_gradient, p, values, *examples)
        self.measure = compiled(partial(self._measure, False), p, who, data, examples.x)
        self.finish = compiled(partial(self._measure, True), p, who, data, examples.x)
        self.weights = compiled(self._single, p)
        self.hessian_product = None
        if self.program.settings.training.optimizer_table.kind == "newton-cg":
            self.hessian_product = compiled(self._hessian_product, p, p, values, *examples)

    def _start(self, who: MemberInputs) -> Array:
        return ravel_pytree(self._stack.start(who).parameters)[0]

    def _cost_and_gradient(
        self, p: Array, values: dict[str, Array], x: Array, targets: Array
    ) -> tuple[Array, Array]:
        network, l2 = self._network(values)
        return flat_cost_and_gradient(network, self._single, p, x, targets, l2)

    def _hessian_product(
        self, p: Array, direction: Array, values: dict[str, Array], x: Array, targets: Array
    ) -> Array:
        network, l2 = self._network(values)
        return flat_hessian_product(network, self._single, p, direction, x, targets, l2)

    def _measure(
        self, at_end: bool, p: Array, who: MemberInputs, data: DeviceData, x: Array
    ) -> dict[str, Array]:
        network, _ = self._network({path: value[0] for path, value in who.values.items()})
        found = network.population_state(self._single(p), x)
        state = jax.tree.map(lambda leaf: leaf[None, None], found)
        members = self._stack.start(who)._replace(parameters=self._stacked(p), state=state)
        return self._stack.measure(members, who, data, at_end)

    def _network(self, values: dict[str, Array]) -> tuple[Network, Any]:
        settings = with_values(self.program.settings, values)
        network = accelerate(without_draws(self.program.network(settings)), jax.default_backend())
        return network, settings.training.l2
