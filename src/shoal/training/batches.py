"""How the examples of an epoch fall into batches, how long training lasts, and where curves are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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


MOST_STEPS = 2**31 - 1  # steps are counted in 32 bits


def total_steps(training: Any, per_epoch: int, listed: int | None = None) -> int:
    """Steps of a whole training: given, or epochs x steps per epoch, or cycles x 2 x half_cycle; in full
    batch the most evaluations, or else the most iterations.

    `listed` is the number of steps whose batches are listed: the length where the settings give none.
    Raises StudyError for a training of no steps, of more than MOST_STEPS, and of more than are listed.
    """
    if training.full_batch:
        steps = training.evaluations or training.iterations
    elif training.steps is not None:
        steps = training.steps
    elif training.epochs is not None:
        steps = training.epochs * per_epoch
    elif training.cycles is not None:
        steps = training.cycles * 2 * training.schedule.half_cycle
    else:
        steps = listed or 0
    if listed is not None and steps > listed:
        raise StudyError(
            f"The training has {steps:.6g} steps; training.order lists the batches of {listed}.",
            "Give training.order more rows, or make the training shorter.",
        )
    if not 0.5 < steps <= MOST_STEPS:
        raise StudyError(
            f"The training has {steps:.6g} steps; expected 1 to {MOST_STEPS:,}.",
            "Change training.steps, training.epochs, or training.cycles and its schedule's half_cycle.",
        )
    return round(steps)


def record_steps(record: Any, total: int) -> tuple[int, ...]:
    """The steps after which curves are recorded: 0 (untrained) and the last one always among them."""
    if record.steps is not None:
        chosen = [step for step in record.steps if step < total]
    else:
        chosen = [round(i * total / record.points) for i in range(1, record.points)]
    return tuple(sorted({0, *chosen, total}))
