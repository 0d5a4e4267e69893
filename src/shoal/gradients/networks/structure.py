"""Which gradients are zero by construction: a number added to what a batch norm then takes the mean off."""

from __future__ import annotations

from enum import Enum

from shoal.layers import (
    Affine,
    AveragePool,
    BatchNorm,
    Convolution,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool,
    Shape,
)
from shoal.network import Network


class Shift(Enum):
    """What a parameter adds to a layer's output."""

    CHANNELS = "one number for each channel: the same in every example, and everywhere in the image"
    EXAMPLES = "the same image in every example, not the same everywhere"


def zero_by_construction(network: Network) -> frozenset[tuple[str, str]]:
    """The (layer, parameter) pairs whose gradient is exactly zero in exact arithmetic.

    The b of an affine layer or a convolution, or a batch norm's beta, adds the same vector to every example.
    A linear layer behind it hands on a vector that is the same for every example again, max pooling one that
    is also the same all over the image; a batch norm subtracts it. Anything else in between (an activation,
    dropout) breaks the argument.
    """
    found = set()
    named = network.named_layers
    for i, (name, layer, _) in enumerate(named):
        shifts = isinstance(layer, (Affine, Convolution, BatchNorm))
        if shifts and _is_subtracted([(other, shape) for _, other, shape in named[i + 1 :]]):
            found.add((name, "beta" if isinstance(layer, BatchNorm) else "b"))
    return frozenset(found)


def _is_subtracted(behind: list[tuple[Layer, Shape]]) -> bool:
    """Whether a number added to each channel in front of these layers reaches a batch norm as it is."""
    shift: Shift | None = Shift.CHANNELS
    for layer, shape in behind:
        if isinstance(layer, BatchNorm):
            return shift is Shift.CHANNELS
        shift = _handed_on(shift, layer, shape)
        if shift is None:
            return False
    return False


def _handed_on(shift: Shift, layer: Layer, shape: Shape) -> Shift | None:
    """What a layer makes of a shift of its input; None where its size depends on the input."""
    if isinstance(layer, (Affine, Flatten, GlobalAveragePool)):
        return Shift.CHANNELS  # without an image, the two are the same
    if isinstance(layer, AveragePool):
        return shift
    if isinstance(layer, MaxPool):
        return shift if shift is Shift.CHANNELS else None
    if isinstance(layer, Convolution):
        padded = any(axis.before or axis.after for axis in layer.windows.over(shape))
        return Shift.EXAMPLES if padded else shift
    return None
