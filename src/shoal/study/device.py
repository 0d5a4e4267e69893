"""A data set on the device, and what happens when it is full."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from shoal.errors import DeviceError
from shoal.study.draw import draw_data
from shoal.study.inputs import Inputs, part_or_none
from shoal.study.memory import team_bytes
from shoal.study.placed import Data
from shoal.study.points import Points
from shoal.study.program import Chunk, Program
from shoal.study.who import Who
from shoal.training.measure import Scale, Split


def to_device(program: Program, who: Who, dtype: Any) -> Data:
    """The data set on the device, inputs as they came. It travels once for all chunks of a program.

    Points of a function are drawn there, for each seed from its key.
    """
    curve = program.settings.record.training_examples
    if isinstance(program.inputs, Points):
        return draw_data(program.inputs, who.order_keys, curve, dtype)
    return _to_device(program.inputs, curve, dtype)


def data_like(program: Program, who: Who, dtype: Any) -> Data:
    """The shapes and dtypes of `to_device`, without putting anything there; `who` may be shapes too."""
    curve, inputs = program.settings.record.training_examples, program.inputs
    if isinstance(inputs, Points):
        return jax.eval_shape(lambda keys: draw_data(inputs, keys, curve, dtype), who.order_keys)

    def like(part: Any, count: int | None = None) -> Split | None:
        part = part_or_none(part)
        if part is None:
            return None
        n = len(part.labels) if count is None else min(count, len(part.labels))
        kind = part.inputs.dtype if part.inputs.dtype == np.uint8 else dtype
        shape = (n, *part.inputs.shape[1:])
        return Split(*(jax.ShapeDtypeStruct(*one) for one in ((shape, kind), ((n,), jnp.int32))))  # type: ignore[arg-type]

    splits, scaling = inputs.splits, inputs.scaling
    train, measured = like(splits.train), like(splits.train, None if curve == "all" else int(curve))
    assert train is not None
    assert measured is not None
    scale = Scale(*(jax.ShapeDtypeStruct(np.shape(one), dtype) for one in (scaling.offset, scaling.scale)))  # type: ignore[arg-type]
    return Data(train, measured, like(splits.validation), like(splits.test), scale)


_ON_DEVICE: dict[Any, tuple[Inputs, Data]] = {}


def _to_device(inputs: Inputs, curve: int | str, dtype: Any) -> Data:
    key = (id(inputs), curve, str(dtype))
    if key not in _ON_DEVICE:
        _ON_DEVICE.clear()  # one data set at a time
        splits, scaling = inputs.splits, inputs.scaling

        def place(part: Any) -> Split | None:
            part = part_or_none(part)
            return (
                None
                if part is None
                else Split(_narrow(part.inputs, dtype), jnp.asarray(part.labels, jnp.int32))
            )

        train = place(splits.train)
        assert train is not None
        measured = train if curve == "all" else Split(train.inputs[:curve], train.labels[:curve])
        scale = Scale(jnp.asarray(scaling.offset, dtype), jnp.asarray(scaling.scale, dtype))
        _ON_DEVICE[key] = (inputs, Data(train, measured, place(splits.validation), place(splits.test), scale))
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
