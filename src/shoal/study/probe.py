"""The health of every member of a stack, measured on the first training examples: `[record] health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
from jax import Array

from shoal.kernels import accelerate
from shoal.network import Network
from shoal.training.health import measure_health
from shoal.training.measure import standardized
from shoal.training.step import Member

if TYPE_CHECKING:
    from shoal.study.placed import Data
    from shoal.study.population import Stack
    from shoal.study.who import Who


def probe(stack: Stack, members: Member, who: Who, data: Data, step: Array) -> dict[str, Array]:
    """Each measure of each layer at a step: (rows, columns, layers) or (rows, columns, layers, quantiles)."""
    wanted = stack.program.settings.record.probe
    assert wanted is not None

    def faster(network: Network) -> Network:
        return accelerate(network, jax.default_backend())

    def one(member: Member, values: dict[str, Array], data: Data) -> dict[str, Array]:
        settings = stack.one.settings(values)
        network = stack.program.network(settings)
        x = standardized(data.train.inputs[: wanted.examples], data.scale)
        targets = network.loss.targets_from_labels(data.train.labels[: wanted.examples], network.classes, x)
        clock, training = stack.one.clock(step), settings.training
        return measure_health(network, training, member, x, targets, clock, wanted.quantiles, faster)

    return stack.each_member(one, members, who, data)
