"""The training of one member as a plain loop in NumPy, over the same noise and the same order of examples."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from shoal.population.program import Program
from shoal.training.randomness import dropout_noise, epoch_order, initial_noise, seed_key
from shoal.training.runtime import numerics
from shoal.training.schedules import Clock, rate_at


class Trained(NamedTuple):
    network: Any
    parameters: dict
    state: dict
    seen: list[np.ndarray]  # the examples of each step's batch


def train_in_numpy(program: Program, cell: int, seed: int, order_seed: int | None = None) -> Trained:
    """SGD or momentum in float64 on the network's own cost_and_gradients."""
    with numerics("float64"):
        return _train(program, cell, seed_key(seed), seed_key(seed if order_seed is None else order_seed))


def _train(program: Program, cell: int, key: Any, order_key: Any) -> Trained:
    settings, batches = program.cells[cell].settings, program.batches
    network = program.network(settings)
    parameters = network.initialize(_numpy(initial_noise(network, key, np.float64)))
    state = network.initial_state(np.zeros(()))
    velocity = jax.tree.map(np.zeros_like, parameters)
    decay = getattr(settings.training.optimizer_table, "momentum", 0.0)
    train, seen = program.inputs.splits.train, []
    for step in range(program.steps):
        epoch, position = divmod(step, batches.per_epoch)
        order = np.arange(batches.n)
        if batches.size < batches.n and batches.full:
            order = np.asarray(epoch_order(order_key, jnp.int32(epoch), batches.n))
        last = position == batches.per_epoch - 1
        chosen = order[position * batches.size : batches.n if last else (position + 1) * batches.size]
        x = scaled(program, train.inputs[chosen])
        targets = network.loss.targets_from_labels(train.labels[chosen], network.classes, x)
        noise = _numpy(dropout_noise(network, key, jnp.int32(step), len(chosen), np.float64))
        _, gradients, saved, _ = network.cost_and_gradients(
            parameters, x, targets, settings.training.l2, noise
        )
        clock = Clock(jnp.int32(step), program.steps, batches.per_epoch)
        rate = float(rate_at(settings.training, clock, np.float64))
        velocity = jax.tree.map(lambda v, g: decay * v + g, velocity, gradients)
        parameters = jax.tree.map(lambda p, v, r=rate: p - r * v, parameters, velocity)
        state = network.update_state(state, saved)
        seen.append(chosen)
    return Trained(network, parameters, state, seen)


def scaled(program: Program, inputs: np.ndarray) -> np.ndarray:
    """Inputs as the members of a program see them, in float64."""
    scaling = program.inputs.scaling
    return (inputs - scaling.offset.astype(float)) * scaling.scale


def measured(trained: Trained, program: Program, part: Any, state: Any = None) -> tuple[float, float]:
    """Loss and accuracy of a trained member on some examples."""
    network = trained.network
    scores = network.evaluate(
        trained.parameters, trained.state if state is None else state, scaled(program, part.inputs)
    )
    targets = network.loss.targets_from_labels(part.labels, network.classes, scores)
    return float(network.loss.forward(scores, targets)[0]), float(
        np.mean(np.argmax(scores, axis=1) == part.labels)
    )


def _numpy(tree: Any) -> Any:
    return jax.tree.map(np.asarray, tree)
