"""The user's gradients as float64 blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .loss import Loss
from .matching import match


@dataclass(eq=False)
class Gradients:
    """The user's gradients, a function or arrays. `came` are those at the base point, in float64."""

    source: Any
    loss: Loss
    came: list[np.ndarray] = field(default_factory=list)
    note: str = ""
    trusted: bool = True  # whether it can be called at another point

    @property
    def callable(self) -> bool:
        return callable(self.source)

    def at(self, blocks: list[np.ndarray]) -> list[np.ndarray]:
        """The gradients at another point, right after its loss: some code keeps what that computes."""
        arrays = self.loss.parameters.handed(blocks)
        self.loss.call(arrays)
        return self.call(arrays)[0]

    def call(self, arrays: list[Any]) -> tuple[list[np.ndarray], Any]:
        """Copies in float64, and what was returned."""
        self.loss.seeds.sow()
        returned = self.source(self.loss.parameters.hand(arrays))
        found, self.note = match(self.loss.parameters.leaves, returned)
        return found, returned
