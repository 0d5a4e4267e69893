"""One step of one member: batch -> forward -> backward -> update. It knows nothing of a population."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import optax
from jax import Array

from shoal.network import Network
from shoal.training.optimizers import make_optimizer
from shoal.training.schedules import Clock, momentum_at, rate_at


class MemberState(NamedTuple):
    """One network in training. `diverged_step` is the first step whose loss was not finite, or -1; `loss` is
    that of the last batch, before its update."""

    parameters: dict[str, dict[str, Array]]
    state: dict[str, dict[str, Array]]
    optimizer: Any
    diverged_step: Array
    loss: Array


def start_member(network: Network, training: Any, noise: Any, given: Any = None) -> MemberState:
    """The member before its first step, from the noise that its initial weights scale, or from given ones."""
    parameters = network.initialize(noise) if given is None else given
    like = next(iter(network.weights(parameters).values()))
    optimizer = make_optimizer(training.optimizer_table).init(parameters)
    none_yet = jnp.full((), jnp.nan, like.dtype)
    return MemberState(parameters, network.initial_state(like), optimizer, jnp.int32(-1), none_yet)


class BatchResult(NamedTuple):
    """What one batch tells a member: its loss, the cost's gradients, the state after it."""

    loss: Array
    gradients: dict[str, dict[str, Array]]
    state: dict[str, dict[str, Array]]


def train_step(
    network: Network, training: Any, member: MemberState, x: Array, targets: Array, clock: Clock, noise: Any
) -> MemberState:
    """The member after one batch: x (N, ...) standardized, targets as the loss wants them.

    `noise` is what dropout draws, by layer. The update is p <- p - rate * direction(gradient of the cost).
    """
    return apply_update(
        training, member, forward_backward(network, training, member, x, targets, noise), clock
    )


def forward_backward(
    network: Network, training: Any, member: MemberState, x: Array, targets: Array, noise: Any
) -> BatchResult:
    """The first half of a step: forward and backward."""
    costs, gradients, saved, _ = network.cost_and_gradients(member.parameters, x, targets, training.l2, noise)
    return BatchResult(costs.loss, gradients, network.update_state(member.state, saved))


def apply_update(training: Any, member: MemberState, learned: BatchResult, clock: Clock) -> MemberState:
    """The second half: the member after the update that the batch asks for."""
    update, optimizer_state = next_update(training, member, learned.gradients, clock, learned.loss.dtype)
    parameters = optax.apply_updates(member.parameters, update)
    broke = (member.diverged_step < 0) & ~jnp.isfinite(learned.loss)
    return MemberState(
        parameters,  # pyright: ignore[reportArgumentType]
        learned.state,
        optimizer_state,
        jnp.where(broke, clock.step.astype(jnp.int32), member.diverged_step),
        learned.loss,
    )


def next_update(
    training: Any, member: MemberState, gradients: Any, clock: Clock, dtype: Any
) -> tuple[Any, Any]:
    """What the optimizer adds to the parameters, -rate * direction, and its state after that."""
    moving = training.schedule is not None and training.schedule.kind == "one_cycle"
    momentum = momentum_at(training.schedule, clock, dtype) if moving else None
    optimizer = make_optimizer(training.optimizer_table, momentum)
    directions, optimizer_state = optimizer.update(gradients, member.optimizer, member.parameters)
    return optax.tree.scale(-rate_at(training, clock, dtype), directions), optimizer_state
