"""A layer at a point: what its backward may use, rightly or by mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from shoal.gradients.networks.point import Point
from shoal.layers import Layer


@dataclass(frozen=True, eq=False)
class Site:
    """Layer `i` of a point's network; i = number of layers is the loss.

    `state` holds running statistics by layer, where they are known.
    """

    point: Point
    i: int
    state: Mapping[str, Mapping[str, np.ndarray]]

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


def sites_of(point: Point, state: Mapping[str, Mapping[str, np.ndarray]]) -> tuple[Site, ...]:
    """Every layer from the input on, and the loss last."""
    return tuple(Site(point, i, state) for i in range(len(point.network.layers) + 1))
