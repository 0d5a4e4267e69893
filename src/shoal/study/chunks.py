"""The chunks of a plan, one after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shoal.errors import DeviceError
from shoal.study.plan import Plan
from shoal.study.watching import Watcher

Stop = KeyboardInterrupt | DeviceError


def play_chunks(
    plan: Plan, watcher: Watcher, train: Callable[..., Any], keep: Callable[[Any], None]
) -> Stop | None:
    """`keep(train(chunk, report))` for every chunk in turn; what stopped the others, where something did."""
    from shoal.training.runtime import keep_compiled_programs, keep_freed_memory

    keep_compiled_programs()
    keep_freed_memory()
    try:
        for chunk in plan.chunks:
            watcher.chunk_started(chunk)
            result = train(chunk, lambda steps, values, c=chunk: watcher.advanced(c, steps, values))
            keep(result)
            watcher.chunk_finished(chunk, result.seconds, result.seconds_compile)
    except (KeyboardInterrupt, DeviceError) as stop:
        return stop
    return None
