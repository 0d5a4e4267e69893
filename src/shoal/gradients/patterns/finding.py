"""What can be said of a wrong gradient from numbers alone, and the numbers it is said of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Finding:
    """A pattern with its name (a slug), a sentence, and the blocks it was found in.

    `numbers` are what was fitted: "factor" f and "weights" c in came = f true + c W. `agreement` is what the
    pattern leaves unexplained, as a share of the gradient that came. A `harmless` one makes nothing wrong.
    """

    name: str
    sentence: str
    blocks: tuple[str, ...]
    numbers: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    agreement: float = 0.0
    harmless: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sentence": self.sentence,
            "blocks": list(self.blocks),
            "numbers": dict(self.numbers),
            "agreement": self.agreement,
            "harmless": self.harmless,
        }


@dataclass(frozen=True, eq=False)
class Block:
    """One parameter: its `value`, the gradient that `came`, the `true` one (NaN where not known) and the
    `error` of the true one. All of one shape; `error` may be one number."""

    name: str
    value: np.ndarray
    came: np.ndarray
    true: np.ndarray
    error: np.ndarray | float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.came.shape

    @cached_property
    def known(self) -> np.ndarray:
        """Where the true gradient is known at all."""
        errors = np.broadcast_to(self.error, self.shape)
        return np.isfinite(self.true) & np.isfinite(errors)

    @cached_property
    def errors(self) -> np.ndarray:
        """The error of the true gradient in each entry."""
        return np.broadcast_to(np.asarray(self.error, dtype=np.float64), self.shape)
