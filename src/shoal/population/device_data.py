"""A data set on the device: splits and scaling, or a function's points for each seed.

Where the device has no memory for it the message says what was asked for.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from shoal.data.functions import FunctionData, values_of
from shoal.data.inputs import PreparedData, part_or_none
from shoal.errors import DeviceError
from shoal.population.members import MemberInputs
from shoal.population.memory import team_bytes
from shoal.population.program import Chunk, Program
from shoal.training.randomness import uniform_points
from shoal.training.splits import DeviceSplit, Standardization


def to_device(program: Program, who: MemberInputs, dtype: Any) -> DeviceData:
    """The data set on the device, inputs as they came. It travels once for all chunks of a program.

    Points of a function are drawn there, for each seed from its key.
    """
    curve = program.settings.record.training_examples
    if isinstance(program.inputs, FunctionData):
        return draw_data(program.inputs, who.order_keys, curve, dtype)
    return _to_device(program.inputs, curve, dtype)


def data_like(program: Program, who: MemberInputs, dtype: Any) -> DeviceData:
    """The shapes and dtypes of `to_device`, without putting anything there; `who` may be shapes too."""
    curve, inputs = program.settings.record.training_examples, program.inputs
    if isinstance(inputs, FunctionData):
        return jax.eval_shape(lambda keys: draw_data(inputs, keys, curve, dtype), who.order_keys)

    def like(part: Any, count: int | None = None) -> DeviceSplit | None:
        part = part_or_none(part)
        if part is None:
            return None
        n = len(part.labels) if count is None else min(count, len(part.labels))
        kind = part.inputs.dtype if part.inputs.dtype == np.uint8 else dtype
        shape = (n, *part.inputs.shape[1:])
        shapes: Any = jax.ShapeDtypeStruct(shape, kind), jax.ShapeDtypeStruct((n,), jnp.int32)
        return DeviceSplit(*shapes)

    splits, scaling = inputs.splits, inputs.scaling
    train, measured = like(splits.train), like(splits.train, None if curve == "all" else int(curve))
    assert train is not None
    assert measured is not None
    numbers: Any = [jax.ShapeDtypeStruct(np.shape(one), dtype) for one in (scaling.offset, scaling.scale)]
    scale = Standardization(*numbers)
    return DeviceData(train, measured, like(splits.validation), like(splits.test), scale)


_ON_DEVICE: dict[Any, tuple[PreparedData, DeviceData]] = {}


def _to_device(inputs: PreparedData, curve: int | str, dtype: Any) -> DeviceData:
    key = (id(inputs), curve, str(dtype))
    if key not in _ON_DEVICE:
        _ON_DEVICE.clear()  # one data set at a time
        splits, scaling = inputs.splits, inputs.scaling

        def place(part: Any) -> DeviceSplit | None:
            part = part_or_none(part)
            return (
                None
                if part is None
                else DeviceSplit(_narrow(part.inputs, dtype), jnp.asarray(part.labels, jnp.int32))
            )

        train = place(splits.train)
        assert train is not None
        measured = train if curve == "all" else DeviceSplit(train.inputs[:curve], train.labels[:curve])
        scale = Standardization(jnp.asarray(scaling.offset, dtype), jnp.asarray(scaling.scale, dtype))
        _ON_DEVICE[key] = (
            inputs,
            DeviceData(train, measured, place(splits.validation), place(splits.test), scale),
        )
    return _ON_DEVICE[key][1]


def _narrow(values: np.ndarray, dtype: Any) -> Any:
    return jnp.asarray(values if values.dtype == np.uint8 else values.astype(dtype))


class out_of_memory(AbstractContextManager[None]):
    """Turns the device's own out-of-memory error into one with a remedy."""

    def __init__(self, *team: Chunk) -> None:
        self.team = team

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, MemoryError) or (error is not None and "RESOURCE_EXHAUSTED" in str(error)):
            numbers = ", ".join(str(chunk.index) for chunk in self.team)
            members = sum(chunk.members for chunk in self.team)
            raise DeviceError(
                f"The device has no memory for chunk {numbers}: {members} members, "
                f"about {team_bytes(self.team) / 2**20:,.0f} MiB.",
                "Give a smaller budget with --memory, so that fewer members are stacked.",
            ) from None


class DeviceData(NamedTuple):
    """The splits on the device, and their scale. `curve` is the part of `train` that is measured.

    Points that are drawn for each seed have a row for each in front: inputs (rows, n, 1), labels (rows, n).
    """

    train: DeviceSplit
    curve: DeviceSplit
    validation: DeviceSplit | None
    test: DeviceSplit | None
    scale: Standardization


def draw_data(points: FunctionData, keys: Array, curve: int | str, dtype: Any) -> DeviceData:
    """The splits of each key: inputs (rows, n, 1) and values (rows, n), which are the labels."""
    return _draw(points, curve, jnp.dtype(dtype), keys)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _draw(points: FunctionData, curve: int | str, dtype: Any, keys: Array) -> DeviceData:
    counts = points.counts
    x = jax.vmap(lambda key: uniform_points(key, sum(counts.values()), points.low, points.high, dtype))(keys)
    splits, at = {}, 0
    for name, count in counts.items():
        own = x[:, at : at + count]
        splits[name] = DeviceSplit(own[:, :, None], values_of(points.function, own)) if count else None
        at += count
    train = splits["train"]
    assert train is not None
    measured = train if curve == "all" else DeviceSplit(train.inputs[:, :curve], train.labels[:, :curve])
    scale = Standardization(jnp.zeros(points.shape, dtype), jnp.ones(points.shape, dtype))
    return DeviceData(train, measured, splits["validation"], splits["test"], scale)
