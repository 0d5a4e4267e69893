"""Points of a function, drawn for each seed afresh: what a regression trains and is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.data.functions import values_of
from shoal.errors import DataError

TEST_SHARE = 0.25  # of the training points, where the study does not say


@dataclass(frozen=True)
class Points:
    """Points (x, f(x)), x uniform on [low, high). Splits are drawn one after the other, from the seed's key.

    It answers what `Inputs` answers, but holds no examples: every seed has its own.
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
    def of(cls, data: Any) -> Points:
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
