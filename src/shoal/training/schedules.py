"""Learning rates over steps: pure functions of the step, whose settings may be traced.

t is the step (0 at the first update), T the length of the training, E the steps of an epoch.
Sources: Smith (2017), "Cyclical learning rates for training neural networks", section 3; Smith and Topin
(2018), "Super-convergence"; Loshchilov and Hutter (2017), "SGDR", eq. 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

Scale = Callable[[Array, Array], Array]
_SCALES: dict[str, Scale] = {}


class Clock(NamedTuple):
    """Where training stands: step t, total steps T, steps per epoch E."""

    step: Array
    total: int
    epoch: int


def register_scale(name: str, scale: Scale) -> None:
    """Make `scale(cycle, step)` available to `schedule = { kind = "cyclical", scale = name, ... }`.

    cycle counts from 1, both arguments are floating point arrays, and the value multiplies the height of
    the triangle. It must be made of `jax.numpy` operations, since it is compiled.
    """
    _SCALES[name] = scale


def registered_scales() -> tuple[str, ...]:
    """The names that `register_scale` was given."""
    return tuple(_SCALES)


def rate_at(training: Any, clock: Clock, dtype: Any) -> Array:
    """The learning rate at a step, () of `dtype`, from the `[training]` settings."""
    if training.schedule is None:
        return jnp.asarray(training.learning_rate, dtype)
    t = clock.step.astype(dtype)
    return jnp.asarray(_KINDS[training.schedule.kind](training.schedule, t, clock), dtype)


def momentum_at(schedule: Any, clock: Clock, dtype: Any) -> Array:
    """One-cycle's momentum: high where the rate is low and low where it is high."""
    t = clock.step.astype(dtype)
    return _two_cosines(
        schedule, t, clock, schedule.momentum_high, schedule.momentum_low, schedule.momentum_high
    )


def _step_decay(s: Any, t: Array, clock: Clock) -> Array:
    """rate * factor**floor(t / interval)."""
    interval = s.every_steps if s.every_steps is not None else (s.every or 1) * clock.epoch
    return s.rate * s.factor ** jnp.floor(t / float(interval))  # an int beyond 32 bits would not fit


def _exponential(s: Any, t: Array, clock: Clock) -> Array:
    """rate * factor**t."""
    return s.rate * s.factor**t


def _triangle(s: Any, t: Array) -> tuple[Array, Array]:
    """The cycle, from 1, and the height of the triangle in it, in [0, 1].

    cycle = floor(1 + t / (2 half)),  x = |t / half - 2 cycle + 1|,  height = max(0, 1 - x)
    """
    cycle = jnp.floor(1 + t / (2 * s.half_cycle))
    x = jnp.abs(t / s.half_cycle - 2 * cycle + 1)
    return cycle, jnp.maximum(1 - x, 0)


def _triangular(s: Any, t: Array, clock: Clock) -> Array:
    """min + (max - min) height."""
    return s.min + (s.max - s.min) * _triangle(s, t)[1]


def _triangular2(s: Any, t: Array, clock: Clock) -> Array:
    """min + (max - min) height / 2**(cycle - 1)."""
    cycle, height = _triangle(s, t)
    return s.min + (s.max - s.min) * height * 0.5 ** (cycle - 1)


def _exp_range(s: Any, t: Array, clock: Clock) -> Array:
    """min + (max - min) height * gamma**t."""
    return s.min + (s.max - s.min) * _triangle(s, t)[1] * s.gamma**t


def _cyclical(s: Any, t: Array, clock: Clock) -> Array:
    """min + (max - min) height * scale(cycle, t)."""
    cycle, height = _triangle(s, t)
    return s.min + (s.max - s.min) * height * _SCALES[s.scale](cycle, t)


def _cosine(s: Any, t: Array, clock: Clock) -> Array:
    """end + (rate - end)/2 * (1 + cos(pi (t - w)/(T - w))), after a linear rise over w = warmup steps."""
    share = jnp.clip((t - s.warmup) / max(clock.total - s.warmup, 1), 0, 1)
    falling = s.end + (s.rate - s.end) * 0.5 * (1 + jnp.cos(jnp.pi * share))
    if s.warmup == 0:
        return falling
    return jnp.where(t < s.warmup, s.rate * (t + 1) / s.warmup, falling)


def _one_cycle(s: Any, t: Array, clock: Clock) -> Array:
    """max/start_divisor up to max in the first warm_fraction of T, then down to max/end_divisor."""
    return _two_cosines(s, t, clock, s.max / s.start_divisor, s.max, s.max / s.end_divisor)


def _two_cosines(s: Any, t: Array, clock: Clock, first: Any, middle: Any, last: Any) -> Array:
    last_step = max(clock.total - 1, 1)
    peak = s.warm_fraction * last_step
    rising = first + (middle - first) * 0.5 * (1 - jnp.cos(jnp.pi * jnp.clip(t / peak, 0, 1)))
    down = jnp.clip((t - peak) / (last_step - peak), 0, 1)
    return jnp.where(t < peak, rising, last + (middle - last) * 0.5 * (1 + jnp.cos(jnp.pi * down)))


_KINDS: dict[str, Callable[[Any, Array, Clock], Array]] = {
    "step_decay": _step_decay,
    "exponential": _exponential,
    "triangular": _triangular,
    "triangular2": _triangular2,
    "exp_range": _exp_range,
    "cyclical": _cyclical,
    "cosine": _cosine,
    "one_cycle": _one_cycle,
}
