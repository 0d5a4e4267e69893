"""Interleaved timing: every contender runs a short segment in every round, so noise hits all alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil

from work import EPOCH

WARM_STEPS = 3  # untimed, ahead of each segment: the last contender's threads come to rest
FEWEST, MOST = 10, 150  # steps of a segment


@dataclass
class Contender:
    """Somebody who trains: `run(n)` trains `members` networks by n more steps and waits for the end."""

    name: str
    batch_norm: bool
    members: int
    run: Callable[[int], None]
    steps: int = FEWEST
    note: str = ""
    seconds: list[float] = field(default_factory=list)  # per network-epoch, one a round
    cpu_seconds: list[float] = field(default_factory=list)  # the same, of all this process's threads

    def prepare(self, segment: float) -> None:
        """Compile and choose the steps of a segment, so that it takes about `segment` seconds."""
        self.run(WARM_STEPS)
        began = time.perf_counter()
        self.run(FEWEST)
        spent = (time.perf_counter() - began) / FEWEST
        self.steps = max(FEWEST, min(MOST, round(segment / spent)))

    def time_segment(self) -> None:
        """Train one segment and note its seconds per network-epoch, those of the clock and of the cores."""
        self.run(WARM_STEPS)
        began, cpu = time.perf_counter(), time.process_time()
        self.run(self.steps)
        each = EPOCH / self.steps / self.members
        self.seconds.append((time.perf_counter() - began) * each)
        self.cpu_seconds.append((time.process_time() - cpu) * each)


class OtherProcesses:
    """The share of all cores that others took, between two looks."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._last = self._look()

    def share(self) -> float:
        """Since the last call: 0.0 on a quiet machine, 1.0 if others took every core."""
        now, last = self._look(), self._last
        self._last = now
        wall = (now[0] - last[0]) * (os.cpu_count() or 1)
        return max(0.0, (now[1] - last[1] - (now[2] - last[2])) / wall)

    def _look(self) -> tuple[float, float, float]:
        busy = psutil.cpu_times()
        kinds = ("user", "nice", "system", "irq", "softirq", "steal")
        own = self._process.cpu_times()
        return time.perf_counter(), sum(getattr(busy, k, 0.0) for k in kinds), own.user + own.system


def play(
    contenders: Sequence[Contender],
    rounds: int,
    segment: float,
    each_round: Callable[[], None],
    progress: Callable[[str], None],
) -> list[float]:
    """Time all contenders in each of `rounds` rounds; returns the share that other processes took in each.

    `each_round` measures what else belongs to a round, such as the machine's rate.
    """
    for contender in contenders:
        progress(f"preparing {contender.name}")
        contender.prepare(segment)
    others, shares = OtherProcesses(), []
    for i in range(rounds):
        progress(f"round {i + 1} of {rounds}")
        each_round()
        for contender in contenders:
            contender.time_segment()
        shares.append(others.share())
    return shares
