"""The functions of one member of a program: what it starts from, one step, what it is worth."""

from __future__ import annotations

from typing import Any

import jax
from jax import Array

from shoal.kernels import accelerate
from shoal.kernels.wide_product import shared_product, with_handed_product
from shoal.layers import l2_cost, l2_gradient
from shoal.network import Network
from shoal.network.from_settings import batch_norm_settings
from shoal.population.device_data import DeviceData
from shoal.population.first_layer import most_mistakes
from shoal.population.program import Program
from shoal.study.settings.base import with_values
from shoal.training.measure import evaluate_split, population_state
from shoal.training.randomness import dropout_noise, initial_noise
from shoal.training.schedules import Clock
from shoal.training.step import (
    BatchResult,
    MemberState,
    apply_update,
    forward_backward,
    start_member,
    train_step,
)

Values = dict[str, Array]


class MemberFunctions:
    """A member of a program; its traced settings come as `values`, by path. It knows of no population."""

    def __init__(self, program: Program, block: int, dtype: Any) -> None:
        self.program, self.block, self.dtype = program, block, dtype

    def settings(self, values: Values) -> Any:
        """The settings of the member with these traced values."""
        return with_values(self.program.settings, values)

    def clock(self, step: Array) -> Clock:
        """Where training stands at a step."""
        return Clock(step, self.program.steps, self.program.batches.per_epoch)

    def start(self, values: Values, key: Array, given: Any = None) -> MemberState:
        """The member before its first step, from its key's noise or from given weights."""
        settings = self.settings(values)
        network = self.program.network(settings)
        noise = initial_noise(network, key, self.dtype) if given is None else None
        return start_member(network, settings.training, noise, given)

    def step(
        self, member: MemberState, values: Values, key: Array, x: Array, labels: Array, step: Array
    ) -> MemberState:
        """The member after one batch: x (N, ...) standardized, labels (N,)."""
        settings = self.settings(values)
        network = self._fast(settings)
        targets, noise = self._targets_and_noise(network, key, x, labels, step)
        return train_step(network, settings.training, member, x, targets, self.clock(step), noise)

    def forward_backward_from_product(
        self,
        member: MemberState,
        values: Values,
        key: Array,
        x: Array,
        product: Array,
        labels: Array,
        step: Array,
    ) -> tuple[Array, BatchResult]:
        """What one batch tells where its product P (N, H) with the first weights was made elsewhere: dP, and
        the rest without these weights' gradients."""
        settings = self.settings(values)
        plain = self.program.network(settings)
        first = first_of(plain)
        own = {"P": product, "b": member.parameters[first]["b"]}
        handed = member._replace(parameters={**member.parameters, first: own})
        network = with_handed_product(plain)
        targets, noise = self._targets_and_noise(network, key, x, labels, step)
        learned = forward_backward(network, settings.training, handed, x, targets, noise)
        return learned.gradients[first].pop("P"), learned

    def apply_update_with(
        self, member: MemberState, values: Values, dW: Array, learned: BatchResult, step: Array
    ) -> MemberState:
        """The member after that, where dW (D, H) is the loss's derivative by the first weights."""
        training = self.settings(values).training
        first = first_of(self.program.network())
        whole = dW + l2_gradient(training.l2, member.parameters[first]["W"])
        gradients = {**learned.gradients, first: {**learned.gradients[first], "W": whole}}
        return apply_update(training, member, learned._replace(gradients=gradients), self.clock(step))

    def measure(
        self, member: MemberState, values: Values, data: DeviceData, at_end: bool
    ) -> dict[str, Array]:
        """The member's curves' values; at the end those of the test split."""
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

    def _targets_and_noise(
        self, network: Network, key: Array, x: Array, labels: Array, step: Array
    ) -> tuple[Array, Any]:
        """What the loss wants for labels (N,), and what dropout draws for a step, by layer."""
        targets = network.loss.targets_from_labels(labels, network.classes, x)
        return targets, dropout_noise(network, key, step, x.shape[0], self.dtype)


def first_of(network: Network) -> str:
    """The name of the affine map whose product a team makes."""
    name = shared_product(network)
    assert name is not None, "a team's networks begin with an affine map of the batch"
    return name
