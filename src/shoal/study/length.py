"""How long a cell trains, and where its curves are recorded."""

from __future__ import annotations

from typing import Any


def total_steps(training: Any, per_epoch: int) -> int:
    """Steps of a whole training: given, or epochs x steps per epoch, or cycles x 2 x half_cycle."""
    if training.steps is not None:
        return training.steps
    if training.epochs is not None:
        return training.epochs * per_epoch
    return round(training.cycles * 2 * training.schedule.half_cycle)


def record_steps(record: Any, total: int) -> tuple[int, ...]:
    """The steps after which curves are recorded: 0 (untrained) and the last one always among them."""
    if record.steps is not None:
        chosen = [step for step in record.steps if step < total]
    else:
        chosen = [round(i * total / record.points) for i in range(1, record.points)]
    return tuple(sorted({0, *chosen, total}))
