"""Functions of one variable, by name, and the points of them that a regression is trained on.

The equations are a fixed list: nothing is evaluated from text. Each seed draws its own points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.errors import DataError
from shoal.layers.arrays import Array, namespace

Equation = Callable[[Any, Array], Array]  # (the array's own namespace, x) -> f(x)

FUNCTIONS: dict[str, Equation] = {
    "identity": lambda xp, x: x,
    "abs": lambda xp, x: xp.abs(x),
    "square": lambda xp, x: x * x,
    "cube": lambda xp, x: x * x * x,
    "sin": lambda xp, x: xp.sin(x),
    "cos": lambda xp, x: xp.cos(x),
    "tanh": lambda xp, x: xp.tanh(x),
    "exp": lambda xp, x: xp.exp(x),
    "sinc": lambda xp, x: xp.where(x == 0, xp.ones_like(x), xp.sin(x) / xp.where(x == 0, xp.ones_like(x), x)),
    "step": lambda xp, x: xp.astype(x >= 0, x.dtype),
}


def values_of(function: str, x: Array) -> Array:
    """f(x), elementwise, of x's library, shape and dtype."""
    return FUNCTIONS[function](namespace(x), x)


TEST_SHARE = 0.25  # of the training points, where the study does not say


@dataclass(frozen=True)
class FunctionData:
    """Points (x, f(x)), x uniform on [low, high). Splits are drawn one after the other, from the seed's key.

    It answers what `PreparedData` answers, but holds no examples: every seed has its own.
    """

    function: str
    low: float
    high: float
    train: int
    validation: int
    test: int
    shape: tuple[int, ...] = (1,)
    classes: int = 1
    drawn = True  # for each seed, from its key

    @classmethod
    def of(cls, data: Any) -> FunctionData:
        """The points of `[data]` settings. Raises DataError for a share of less than one point."""
        validation = _count("validation", data.validation, data.examples)
        test = _count("test", TEST_SHARE if data.test is None else data.test, data.examples)
        low, high = map(float, data.range)
        return cls(data.function, low, high, data.examples, validation, test)

    @property
    def train_count(self) -> int:
        """The number of training points."""
        return self.train

    @property
    def counts(self) -> dict[str, int]:
        """The number of points of each split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def bytes(self, seeds: int) -> int:
        """Bytes of the points of so many seeds on the device."""
        return 8 * seeds * sum(self.counts.values())

    def sample(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Some points for a gradient check, the same every time: inputs (n, 1) and targets (n,)."""
        x = np.random.default_rng(0).uniform(self.low, self.high, n).astype(np.float32)
        return x[:, None], values_of(self.function, x)

    def describe(self) -> dict[str, Any]:
        """What the result says of its data."""
        return {
            "name": f"{self.function}(x), x uniform on [{self.low:g}, {self.high:g})",
            "source": "drawn for each seed from its own key",
            "counts": self.counts,
            "shape": list(self.shape),
            "scaling": "none",
            "notes": [],
        }


def _count(name: str, share: int | float, total: int) -> int:
    count = share if isinstance(share, int) else round(share * total)
    if count == 0 and share:
        raise DataError(
            f"{name} = {share} of {total} points is less than one point", f"give data.{name} a count"
        )
    return count
