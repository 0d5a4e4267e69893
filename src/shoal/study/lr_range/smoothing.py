"""The loss of a ramp smoothed, and where a ramp has diverged: rules on arrays, known to nobody else."""

from __future__ import annotations

import numpy as np

SHARE = 50  # the mean reaches back about a fiftieth of the ramp
MULTIPLE = 4.0


def memory_of(steps: int) -> float:
    """The weight of what came before, w = 1 - 1 / max(1, steps / 50): over about steps / 50 batches."""
    return 1.0 - 1.0 / max(1.0, steps / SHARE)


def smooth(losses: np.ndarray, memory: float) -> np.ndarray:
    """The bias-corrected exponential mean along the last axis, in float64.

    m_t = w m_{t-1} + (1 - w) loss_t, m_{-1} = 0;  smoothed_t = m_t / (1 - w**(t + 1))
    From the first loss that is not finite on, nothing is.
    Source: Kingma and Ba (2015), Adam, section 3, for the correction.
    """
    losses = np.asarray(losses, np.float64)
    smoothed = np.empty_like(losses)
    mean = np.zeros(losses.shape[:-1])
    with np.errstate(invalid="ignore", over="ignore"):
        for t in range(losses.shape[-1]):
            mean = memory * mean + (1 - memory) * losses[..., t]
            smoothed[..., t] = mean / (1 - memory ** (t + 1))
    return smoothed


def stopping_step(losses: np.ndarray, smoothed: np.ndarray, multiple: float = MULTIPLE) -> np.ndarray:
    """The first step at which a ramp has diverged, along the last axis; the number of steps where none has.

    It has where the loss is not finite, or the smoothed loss above `multiple` times its lowest so far.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        lowest = np.fmin.accumulate(smoothed, axis=-1)
        gone = ~np.isfinite(losses) | ~np.isfinite(smoothed) | (smoothed > multiple * lowest)
    return np.where(gone.any(axis=-1), gone.argmax(axis=-1), losses.shape[-1]).astype(np.int64)
