"""How many threads the user's products run on while they are called thousands of times."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from threadpoolctl import threadpool_limits

TRIES = 3
GAIN = 1.5  # one thread is left when all of them together are not this much faster


def one_is_enough(call: Callable[[], Any]) -> bool:
    """Whether `call` is about as fast on one thread as on all: small products only wait for each other."""
    everywhere = _fastest(call)
    with threadpool_limits(1):
        return _fastest(call) < GAIN * everywhere


def _fastest(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(TRIES):
        started = perf_counter()
        call()
        times.append(perf_counter() - started)
    return min(times)
