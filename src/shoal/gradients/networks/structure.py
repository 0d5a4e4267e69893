"""What the structure of networks says about their gradients.

A bias in front of a batch norm has gradient zero by construction. Configurations that train alike share one
check.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

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


PER_FORM = 3  # networks checked that differ in numbers only: the first, one in the middle, the last


@dataclass(frozen=True, eq=False)
class Case:
    """One thing to check: a network, an L2 coefficient, a few scaled examples x (N, ...) and labels (N,).

    `label` names the cell, `cells` counts those it stands for.
    """

    label: str
    network: Network
    l2: float
    x: np.ndarray
    labels: np.ndarray
    cells: int = 1


def distinct(cases: Iterable[Case], *, every: bool = False) -> list[Case]:
    """One case for each distinct network, with the largest L2 coefficient among its cells.

    Networks of the same layers whose numbers differ (a sigma, a slope, a dropout rate) run the same code:
    of more than `PER_FORM`, the first, the middle and the last are kept, unless `every` is asked for.
    """
    merged: dict[Hashable, Case] = {}
    for case in cases:
        known = merged.setdefault(case.network, replace(case, cells=0))
        merged[case.network] = replace(known, l2=max(known.l2, case.l2), cells=known.cells + case.cells)
    forms: dict[Hashable, list[Case]] = {}
    for case in merged.values():
        forms.setdefault(_form(case.network), []).append(case)
    return [case for alike in forms.values() for case in (alike if every else _few(alike))]


def _few(alike: list[Case]) -> list[Case]:
    if len(alike) <= PER_FORM:
        return alike
    kept = [alike[0], alike[len(alike) // 2], alike[-1]]
    left = sum(case.cells for case in alike) - sum(case.cells for case in kept)
    return [replace(kept[0], cells=kept[0].cells + left), *kept[1:]]


def _form(part: Any) -> Hashable:
    """What is left of a network when its real numbers are forgotten."""
    if is_dataclass(part):
        return type(part), tuple(_form(getattr(part, f.name)) for f in fields(part))
    if isinstance(part, tuple):
        return tuple(_form(p) for p in part)
    return float if isinstance(part, float) else part
