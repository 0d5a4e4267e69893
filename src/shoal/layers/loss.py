"""What a loss is: the number at the end of the chain, with its derivative by the scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from shoal.layers.arrays import Array, Values


@dataclass(frozen=True)
class Loss(ABC):
    """A cost of scores (N, C) against targets: a 0-d mean over the N examples.

    The 1/N of the mean is in the derivative, so everything below the loss sums over N.
    """

    kind: ClassVar[str]

    @abstractmethod
    def forward(self, scores: Array, targets: Array) -> tuple[Array, dict[str, Array]]:
        """The loss (0-d), and what `backward` needs."""

    @abstractmethod
    def backward(self, saved: Values) -> Array:
        """The loss's derivative by the scores, (N, C)."""

    @abstractmethod
    def targets_from_labels(self, labels: Array, classes: int, like: Array) -> Array:
        """The targets that say "class `labels[n]`", labels (N,); `like` gives the dtype of float targets."""
