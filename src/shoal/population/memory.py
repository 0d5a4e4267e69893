"""How much memory a chunk takes while it trains, in bytes, and what the device allows.

An estimate from shapes: nothing is compiled or allocated for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shoal.layers import Convolution
from shoal.layers.pool import Pool
from shoal.population.program import Chunk, Program


@dataclass(frozen=True)
class DeviceLimits:
    """The most bytes and members of a chunk, the operations of a step that are worth a chunk, and all the
    bytes that the device has."""

    memory: float
    widest: int
    least_work: float
    bytes: float


def limits_here(memory: float | None = None) -> DeviceLimits:
    """The limits of this process's device, with `memory` in place of what suits it if given."""
    from shoal.training.runtime import chunk_limits, device_bytes

    suited, widest, least_work = chunk_limits()
    return DeviceLimits(suited if memory is None else memory, widest, least_work, device_bytes())


BLOCK_BYTES = 32e6


def number_bytes(program: Program) -> int:
    """Bytes of one float in training."""
    return 8 if program.settings.training.precision == "float64" else 4


def chunk_bytes(program: Program, cells: int, seeds: int) -> int:
    """Weights, gradients, optimizer slots and one working copy; activations of a batch; the data set."""
    slots = 3 + optimizer_slots(program.settings.training.optimizer_table)
    weights = cells * seeds * slots * program.parameters
    activations = 4 * examples_at_once(program, cells, seeds) * activation_count(program)
    batch = 2 * seeds * program.batches.size * math.prod(program.inputs.shape)
    numbers = weights + activations + batch
    return int(number_bytes(program) * numbers + BLOCK_BYTES + program.inputs.bytes(seeds))


def optimizer_slots(table: Any) -> int:
    """Numbers that an optimizer keeps for each trained number."""
    import jax
    import jax.numpy as jnp

    from shoal.training.full_batch import VECTORS
    from shoal.training.optimizers import make_optimizer

    if table.kind in VECTORS:
        return VECTORS[table.kind]
    many = 1000  # so that a step counter of one number weighs nothing
    parameters = {"affine_1": {"W": jax.ShapeDtypeStruct((many,), jnp.float32)}}
    state = jax.eval_shape(make_optimizer(table).init, parameters)
    return round(sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(state)) / many)


def examples_at_once(program: Program, cells: int, seeds: int) -> int:
    """Examples whose activations are there at the same time: of all members that take a step together, or of
    a row's members that are probed together where health is measured."""
    from shoal.population.vmap_groups import members_at_once

    network, probe = program.network(), program.settings.record.probe
    training = members_at_once(network, cells * seeds) * program.batches.size
    if probe is None:
        return training
    together = cells * seeds if program.inputs.drawn or program.settings.training.shared_order else cells
    probed = min(probe.examples, program.inputs.train_count)
    return max(training, members_at_once(network, together) * probed)


def team_bytes(chunks: Sequence[Chunk]) -> int:
    """Chunks that train together: the data set and a block being measured are there once."""
    shared = BLOCK_BYTES + chunks[0].program.inputs.bytes(len(chunks[0].seeds))
    return int(sum(chunk.bytes - shared for chunk in chunks) + shared)


def activation_count(program: Program) -> int:
    """Numbers between the layers of one member, for one example, and the windows of one convolution."""
    return sum(math.prod(shape) for shape in program.network().shapes[1:]) + largest_windows(program)


def padded_bytes(program: Program) -> float:
    """Bytes of the widest image with its padding, of a batch of one member: hardly more than `chunk_bytes`
    knows of, unless the padding is absurd."""
    widest = 0
    for _, layer, shape in program.network().named_layers:
        if isinstance(layer, (Convolution, Pool)):
            rows, columns = layer.windows.over(shape)
            widest = max(widest, rows.padded * columns.padded * shape[-1])
    return float(number_bytes(program)) * widest * program.batches.size


def largest_windows(program: Program) -> int:
    """Numbers in the windows of the widest convolution, (I' J', K L C), for one example; 0 without one."""
    named, outputs = program.network().named_layers, program.network().shapes[1:]
    return max(
        math.prod(y[:-1]) * math.prod(layer.parameter_shapes(x)["W"][:-1])
        if isinstance(layer, Convolution)
        else 0
        for (_, layer, x), y in zip(named, outputs, strict=True)
    )


def block_examples(program: Program, cells: int) -> int:
    """Examples measured at a time, so that a block's inputs and widest layer stay within BLOCK_BYTES."""
    widest = max(*(math.prod(shape) for shape in program.network().shapes[1:]), largest_windows(program))
    numbers = math.prod(program.inputs.shape) + 3 * cells * widest
    return max(64, min(2000, int(BLOCK_BYTES / (number_bytes(program) * numbers))))
