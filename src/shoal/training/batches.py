"""How the examples of an epoch fall into batches."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.errors import StudyError


@dataclass(frozen=True)
class Batches:
    """An epoch of n examples: full batches of `size`, then one of `tail` examples if `tail` is not 0.

    The last, shorter batch is kept. A last batch of a single example in front of batch norm would have no
    variance, so it is merged into its neighbour, whose size is then size + 1.
    """

    n: int
    size: int
    tail: int

    @property
    def per_epoch(self) -> int:
        """Steps of an epoch."""
        return -(-self.n // self.size) if self.tail <= self.size else self.n // self.size

    @property
    def full(self) -> int:
        """How many of them are of the full size."""
        return self.per_epoch - (self.tail > 0)


def batches_of(n: int, batch_size: int | str, batch_norm: bool) -> Batches:
    """The batches of n training examples. Raises StudyError for a batch that the data cannot fill."""
    size = n if batch_size == "whole" else int(batch_size)
    if size > n:
        raise StudyError(
            f"training.batch_size is {size}, but the training split has {n} examples.",
            f'Use a batch size of at most {n}, or "whole".',
        )
    if batch_norm and size == 1:
        raise StudyError(
            "training.batch_size is 1, but a batch norm needs at least two examples to have a variance.",
            "Use batches of two or more, or leave batch norm out.",
        )
    tail = n % size
    if tail == 1 and batch_norm:
        tail = size + 1
    return Batches(n, size, tail)
