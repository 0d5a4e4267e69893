"""A layer at a point: what its backward may use, rightly or by mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from shoal.gradients.networks.point import Point
from shoal.layers import Layer


@dataclass(frozen=True, eq=False)
class LayerAtPoint:
    """Layer `i` of a point's network; i = number of layers is the loss.

    `state` holds running statistics by layer, where they are known. The layers `evaluated` (all of the
    point's, not this one alone) are computed as they are after training.
    """

    point: Point
    i: int
    state: Mapping[str, Mapping[str, np.ndarray]]
    evaluated: frozenset[str] = frozenset()

    @property
    def is_loss(self) -> bool:
        return self.i == len(self.point.network.layers)

    @property
    def layer(self) -> Layer:
        return self.point.network.layers[self.i]

    @property
    def name(self) -> str:
        return self.point.network.loss.kind if self.is_loss else self.point.network.names[self.i]

    @property
    def kind(self) -> str:
        """What the catalogue lists its mistakes under."""
        return self.point.network.loss.kind if self.is_loss else self.layer.kind

    @property
    def own(self) -> Mapping[str, np.ndarray]:
        """The layer's parameters."""
        return {} if self.is_loss else self.point.parameters.get(self.name, {})

    @cached_property
    def x(self) -> np.ndarray:
        """What goes into the layer; into the loss, the scores."""
        return self.point.inputs[self.i]

    @property
    def y(self) -> np.ndarray:
        """What comes out of the layer."""
        return self.point.inputs[self.i + 1]

    @cached_property
    def saved(self) -> Any:
        """What the layer's own forward hands to its backward."""
        return self.point.run(self.i, self.own, self.x)[1]

    @property
    def n(self) -> int:
        """Examples in the batch."""
        return len(self.point.x)

    @property
    def defaults(self) -> dict[str, Any]:
        """The options of the planted backward that belong to how the layer was computed forward."""
        return _EVALUATED[self.kind] if not self.is_loss and self.name in self.evaluated else {}


_EVALUATED: dict[str, dict[str, Any]] = {
    "dropout": {"mask": False, "scale": 0.0},
    "batch_norm": {
        "of": "given",
        "mean_path": False,
        "variance_path": False,
        "spoilt": ("inverse", "xhat", "dgamma"),
    },
}


def sites_of(
    point: Point, state: Mapping[str, Mapping[str, np.ndarray]], evaluated: frozenset[str] = frozenset()
) -> tuple[LayerAtPoint, ...]:
    """Every layer from the input on, and the loss last."""
    if evaluated:
        inputs = [point.x]
        for i, (name, layer) in enumerate(zip(point.network.names, point.network.layers, strict=True)):
            own = point.parameters.get(name, {})
            alone = layer.evaluate(own, state.get(name, {}), inputs[-1]) if name in evaluated else None
            inputs.append(point.run(i, own, inputs[-1])[0] if alone is None else alone)
        point = with_inputs(point, inputs)
    return tuple(LayerAtPoint(point, i, state, evaluated) for i in range(len(point.network.layers) + 1))


def with_inputs(point: Point, inputs: Sequence[np.ndarray]) -> Point:
    """The point with other arrays between its layers than those that it computes."""
    point = replace(point)
    point.__dict__["inputs"] = tuple(inputs)
    return point
