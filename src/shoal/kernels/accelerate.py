"""A network's fast form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from shoal.kernels.inner_convolution import InnerConvolution
from shoal.kernels.inner_layers import (
    InnerAveragePool,
    InnerBatchNorm,
    InnerDropout,
    InnerMaxPool,
    ToKernelLayout,
    ToNHWC,
)
from shoal.kernels.lax_convolution import LaxConvolution
from shoal.kernels.order import PixelOrder
from shoal.kernels.tables import widened
from shoal.layers import (
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    Layer,
    MaxPool,
    Shape,
)
from shoal.layers.pool import Pool
from shoal.network import Network

MOST_WIDENED = 1.5  # a block may cost so many times its outputs' multiplications


def accelerate(network: Network, platform: str) -> Network:
    """The same network in its fastest form on `platform` ("cpu", "gpu", ...): same names, parameters, state.

    Layers of a user's own class, and whatever has no fast form, stay as they are. On a CPU, edges are put
    around the parts in inner order: layers without parameters, which no other layer's name depends on.
    """
    if not any(type(layer) is Convolution for layer in network.layers):
        return network
    if platform != "cpu":
        chain = [
            _as(LaxConvolution, layer) if type(layer) is Convolution else layer for layer in network.layers
        ]
        return replace(network, layers=tuple(chain))
    chain, at = [], 0
    while at < len(network.layers):
        end = _end_of_part(network.layers, network.shapes, at)
        chain += _inner_part(network.layers[at:end], network.shapes[at : end + 1]) if end > at else []
        chain += network.layers[end : end + 1] if end == at else []
        at = max(end, at + 1)
    return replace(network, layers=tuple(chain))


def _end_of_part(layers: Sequence[Layer], shapes: Sequence[Shape], start: int) -> int:
    """Where the part in inner order ends that begins with the convolution at `start`; `start` for none."""
    if type(layers[start]) is not Convolution:
        return start
    end = start + 1
    while end < len(layers) and (
        type(layers[end]) in (Convolution, BatchNorm, Dropout)
        or layers[end].elementwise
        or _pools_blocks(layers[end], shapes[end])
    ):
        end += 1
    return end


def _inner_part(layers: Sequence[Layer], shapes: Sequence[Shape]) -> list[Layer]:
    """The fast forms with their edges, chosen from the end: each layer asks the one below it for an order."""
    order = PixelOrder.row_by_row(*shapes[-1][:2])
    block: tuple[int, int] = (1, 1)  # what `order` is in blocks of
    chain: list[Layer] = [ToNHWC(order)]
    for layer, shape in zip(reversed(layers), reversed(shapes[:-1]), strict=True):
        if isinstance(layer, Convolution):
            source, axes = PixelOrder.row_by_row(*shape[:2]), layer.windows.over(shape)
            chosen = block if widened(axes, block) <= MOST_WIDENED else (1, 1)
            chain.append(_as(InnerConvolution, layer, source=source, target=order, block=chosen))
            order, block = source, (1, 1)
        elif isinstance(layer, Pool):
            inner = InnerAveragePool if isinstance(layer, AveragePool) else InnerMaxPool
            chain.append(_as(inner, layer, target=order))
            window, cells = layer.windows.size, len(order.cells)
            order = order.in_blocks(window, *shape[:2])
            block = window if cells * window[0] * window[1] == len(order.cells) else (1, 1)
        elif isinstance(layer, BatchNorm):
            chain.append(_as(InnerBatchNorm, layer))
        else:
            chain.append(_as(InnerDropout, layer, order=order) if isinstance(layer, Dropout) else layer)
    return [ToKernelLayout(order), *reversed(chain)]


def _pools_blocks(layer: Layer, shape: Shape) -> bool:
    """Whether windows lie side by side, without padding."""
    if type(layer) not in (AveragePool, MaxPool):
        return False
    assert isinstance(layer, Pool)
    axes = layer.windows.over(shape)
    return all(a.window == a.stride and a.before == a.after == 0 for a in axes)


def _as(kind: type[Any], layer: Layer, **more: Any) -> Any:
    """`layer` as an object of `kind`, with `more` fields."""
    return kind(**{f.name: getattr(layer, f.name) for f in fields(layer)}, **more)
