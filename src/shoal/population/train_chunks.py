"""The chunks of a plan, one team after another; those of a full-batch program side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from shoal.errors import DeviceError, ShoalError
from shoal.population.plan import Plan
from shoal.population.progress import ProgressListener

Stop = KeyboardInterrupt | ShoalError


def train_chunks(
    plan: Plan, watcher: ProgressListener, train: Callable[..., Sequence[Any]], keep: Callable[[Any], None]
) -> Stop | None:
    """`keep` each result of `train(team, report)`, team after team; what stopped it, if anything."""
    from shoal.training.runtime import keep_compiled_programs, keep_freed_memory

    keep_compiled_programs()
    keep_freed_memory()
    try:
        for _, own in groupby(plan.teams, key=lambda team: team[0].program.index):
            teams = list(own)
            if teams[0][0].program.full_batch:
                from shoal.population.full_batch.train import train_members

                train_members([chunk for team in teams for chunk in team], watcher, keep)
                continue
            for team in teams:
                for chunk in team:
                    watcher.chunk_started(chunk)
                for result in train(team, watcher.on_steps):
                    keep(result)
                    watcher.chunk_finished(result.chunk, result.seconds, result.seconds_compile)
    except (KeyboardInterrupt, DeviceError) as stop:
        return stop
    return None
