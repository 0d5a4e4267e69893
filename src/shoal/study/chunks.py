"""The chunks of a plan, one after another; those of a full-batch program side by side."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
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
        for _, own in groupby(plan.chunks, key=lambda chunk: chunk.program.index):
            chunks = list(own)
            if chunks[0].program.full_batch:
                from shoal.study.full_batch.play import play_members

                play_members(chunks, watcher, keep)
                continue
            for chunk in chunks:
                watcher.chunk_started(chunk)
                result = train(chunk, lambda steps, values, c=chunk: watcher.advanced(c, steps, values))
                keep(result)
                watcher.chunk_finished(chunk, result.seconds, result.seconds_compile)
    except (KeyboardInterrupt, DeviceError) as stop:
        return stop
    return None
