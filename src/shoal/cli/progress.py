"""How a run is followed: a live bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.cli.output import plain
from shoal.text import printable, printable_lines

if TYPE_CHECKING:
    from shoal.population.plan import Plan
    from shoal.population.program import Chunk


SECONDS_A_LINE = 15.0


class ProgressCounts:
    """What both kinds of progress count: network-steps done, their rate, the best accuracy so far."""

    def __init__(self) -> None:
        self.best: tuple[float, str] | None = None
        self.began = time.monotonic()
        self.total = self.done = self.before = 0

    def plan(self, plan: Plan) -> None:
        """A plan begins; of a search it is one round, and the best of all rounds stays."""
        self.began = time.monotonic()
        self.done, self.before, self.total = 0, 0, plan.network_steps
        self.members = plan.study.member_count
        self.chunks = len(plan.chunks)

    def advance(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None:
        self.done += steps * chunk.members
        scores = values.get("validation_accuracy", values.get("train_accuracy"))
        if scores is None:
            return
        cells, seeds = len(chunk.cells), len(chunk.seeds)
        by_cell = scores.reshape(cells, seeds) if scores.shape[0] == 1 and seeds > 1 else scores.T
        means = by_cell.mean(axis=1)
        if np.isfinite(means).any():
            i = int(np.nanargmax(means))
            if self.best is None or means[i] > self.best[0]:
                self.best = float(means[i]), chunk.program.cells[chunk.cells[i]].label

    def resume(self, chunk: Chunk, steps: int) -> None:
        """Steps of another day: done, but not at this run's rate."""
        self.before += steps * chunk.members
        self.done += steps * chunk.members

    @property
    def rate(self) -> float:
        return (self.done - self.before) / max(time.monotonic() - self.began, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        known = (
            self.done - self.before > 0.01 * self.total
        )  # before that, compiling is most of what was timed
        return (self.total - self.done) / self.rate if known else None

    @property
    def best_text(self) -> str:
        return "" if self.best is None else f"best {self.best[0]:.4f} ({printable(self.best[1])})"


class LineProgress:
    """A line at the start, now and then, and after each chunk. `look` is called before each chunk and on the
    way: it may raise KeyboardInterrupt."""

    def __init__(self, look: Callable[[], None] = lambda: None) -> None:
        self.tally, self._last, self._look = ProgressCounts(), time.monotonic(), look

    def round_started(self, text: str) -> None:
        _say(text)

    def planned(self, plan: Plan) -> None:
        self.tally.plan(plan)
        _say(plan.counts)

    def chunk_started(self, chunk: Chunk) -> None:
        self._look()
        number = f"chunk {chunk.index + 1}/{self.tally.chunks}"
        _say(f"{number}: {chunk.members} members, {chunk.program.length}")

    def on_steps(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None:
        self._look()
        self.tally.advance(chunk, steps, values)
        if time.monotonic() - self._last > SECONDS_A_LINE:
            self._last = time.monotonic()
            t = self.tally
            left = "" if t.seconds_left is None else f", {t.seconds_left:.0f} s left"
            _say(f"  {t.done / t.total:4.0%}, {t.rate:,.0f} network-steps/s{left}, {t.best_text}")

    def chunk_finished(self, chunk: Chunk, seconds: float, seconds_compile: float) -> None:
        _say(f"  {seconds:.1f} s, {seconds_compile:.1f} s of it compiling; {self.tally.best_text}")

    def resumed(self, chunk: Chunk, steps: int) -> None:
        self.tally.resume(chunk, steps)

    def on_note(self, line: str) -> None:
        _say(line)


class Bar:
    """A live bar: members, network-steps per second, time left, the best cell so far. `look` as for Lines."""

    def __init__(self, progress: Any, look: Callable[[], None] = lambda: None) -> None:
        self.tally, self._progress, self._task, self._round = ProgressCounts(), progress, None, ""
        self._look = look

    def round_started(self, text: str) -> None:
        self._round = f"{text}, "

    def planned(self, plan: Plan) -> None:
        self.tally.plan(plan)
        self._task = self._progress.add_task(
            self._round, total=self.tally.total, members=self.tally.members, speed="", best=""
        )

    def chunk_started(self, chunk: Chunk) -> None:
        self._look()
        text = f"{self._round}chunk {chunk.index + 1}/{self.tally.chunks}: compiling"
        self._progress.update(self._task, description=text)

    def on_steps(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None:
        self._look()
        self.tally.advance(chunk, steps, values)
        self._progress.update(
            self._task,
            completed=self.tally.done,
            description=f"{self._round}chunk {chunk.index + 1}/{self.tally.chunks}",
            speed=f"{self.tally.rate:,.0f} network-steps/s",
            best=self.tally.best_text,
        )

    def chunk_finished(self, chunk: Chunk, seconds: float, seconds_compile: float) -> None:
        self._progress.refresh()

    def resumed(self, chunk: Chunk, steps: int) -> None:
        self.tally.resume(chunk, steps)
        self._progress.update(self._task, completed=self.tally.done)

    def on_note(self, line: str) -> None:
        self._progress.console.print(plain(line), soft_wrap=True)


@contextmanager
def watcher(look: Callable[[], None] = lambda: None) -> Iterator[LineProgress | Bar]:
    """A bar where standard error is a terminal, else lines; `look` is called on the way."""
    if not sys.stderr.isatty():
        yield LineProgress(look)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[members]} members"),
        TextColumn("{task.fields[speed]}"),
        TextColumn("{task.fields[best]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bar(progress, look)


def _say(text: str) -> None:
    with suppress(BrokenPipeError):  # nobody reads any more: no reason to end a training
        print(printable_lines(text), file=sys.stderr, flush=True)
