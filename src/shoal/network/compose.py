"""Put a network together: from a list of layers, or from the few settings of a fully connected one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from shoal.errors import NetworkError
from shoal.layers import Affine, BatchNorm, Convolution, Dropout, Flatten, Initial, Layer, Loss, Number, Shape
from shoal.network.naming import naming, next_name
from shoal.network.network import Network


def compose(
    input_shape: Shape,
    classes: int,
    *,
    hidden: Sequence[int],
    activation: Layer,
    batch_norm: BatchNorm | None = None,
    batch_norm_position: Literal["before", "after"] = "before",
    dropout: Number | None = None,
    input_dropout: Number | None = None,
    initial: Initial | Sequence[Initial],
    loss: Loss,
) -> Network:
    """A fully connected network: for each width in `hidden`, affine, batch norm, activation, dropout.

    A last affine map makes the `classes` scores; with no hidden layer it is softmax (or logistic)
    regression. `batch_norm_position` is before or after the activation. `dropout` and `input_dropout`
    are rates, which may be traced; None leaves the layer out. `initial` is one initializer for every
    affine map, or a sequence with one for each, the last map's included. Images are flattened first.

    Raises NetworkError for a number of initializers that is not the number of affine maps, a position
    that does not exist, and layers that do not fit.
    """
    if batch_norm_position not in ("before", "after"):
        raise NetworkError(
            f'Batch norm position {batch_norm_position!r} came; expected "before" or "after".',
            'Use "before", as in the original paper, unless the study asks for the other.',
        )
    block = [activation]
    if batch_norm is not None:
        block.insert(0 if batch_norm_position == "before" else 1, batch_norm)
    if dropout is not None:
        block.append(Dropout(dropout))

    layers: list[Layer] = [Flatten()] if len(input_shape) > 1 else []
    if input_dropout is not None:
        layers.append(Dropout(input_dropout))
    for units in hidden:
        layers += [Affine(units), *block]
    return compose_layers(input_shape, classes, layers, loss, initial)


def compose_layers(
    input_shape: Shape,
    classes: int,
    layers: Sequence[Layer],
    loss: Loss,
    initial: Initial | Sequence[Initial] | None = None,
) -> Network:
    """A network of any `layers`, with an affine map to `classes` scores appended.

    `initial` is one initializer for every affine map, convolutions included, a sequence with one for each
    (the appended map's last), or None: then each keeps its own, and the appended one is HeNormal. A flatten
    layer is put in front of an affine map that would meet more than one axis.

    Raises NetworkError for a wrong number of initializers and for layers that do not fit.
    """
    chain = _flatten_where_needed(tuple(input_shape), [*layers, Affine(classes)])
    return Network(tuple(input_shape), tuple(_with_initial(chain, initial)), loss, classes)


def _flatten_where_needed(shape: Shape, layers: Sequence[Layer]) -> list[Layer]:
    chain: list[Layer] = []
    seen: Counter[str] = Counter()
    for layer in layers:
        if isinstance(layer, Affine) and len(shape) > 1:
            chain.append(Flatten())
            shape = chain[-1].output_shape(shape)
            seen[Flatten.kind] += 1
        chain.append(layer)
        with naming(next_name(seen, layer.kind)):
            shape = layer.output_shape(shape)
    return chain


def _with_initial(layers: Sequence[Layer], initial: Initial | Sequence[Initial] | None) -> list[Layer]:
    if initial is None:
        return list(layers)
    maps = sum(isinstance(layer, (Affine, Convolution)) for layer in layers)
    each = [initial] * maps if isinstance(initial, Initial) else list(initial)
    if len(each) != maps:
        raise NetworkError(
            f"{len(each)} initializers came for {maps} affine maps (convolutions and the last map, to the "
            f"scores, included); expected 1 or {maps}.",
            "Give one initializer for all, or one for each affine map.",
        )
    remaining = iter(each)
    return [
        replace(layer, initial=next(remaining)) if isinstance(layer, (Affine, Convolution)) else layer
        for layer in layers
    ]
