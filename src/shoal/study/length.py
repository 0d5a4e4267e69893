"""How long a cell trains, and where its curves are recorded."""

from __future__ import annotations

from typing import Any

from shoal.errors import StudyError

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
