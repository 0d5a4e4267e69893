"""The processes that kills.py kills: forked from one that has imported everything and computed nothing.

They load programs that were compiled once (kills_compiled.py); the first one is an ordinary run.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from kills_compiled import compile_and_keep, load_compiled
from shoal.api import run as run_study
from shoal.cli.signals import stop_signals
from shoal.population.plan import plan_study
from shoal.population.program import Chunk
from shoal.population.progress import NullListener
from shoal.study.load import load_study

STUDY = Path(__file__).with_name("kills.toml")
STOPS = (signal.SIGTERM, signal.SIGINT)
TEAMS = 2


@dataclass(frozen=True)
class Child:
    """A process that runs the study: its number, and a pipe that hears of its first step."""

    number: int
    pipe: int

    def wait_for_step(self) -> None:
        """Until the first step is done, or the process has ended."""
        os.read(self.pipe, 1)

    def end(self) -> None:
        """Wait until it ends, which it has to do well."""
        end(self.number)
        os.close(self.pipe)

    def kill(self, number: signal.Signals) -> None:
        """Send this signal, and wait for the end, which has to be that of the signal or of a finished run."""
        os.kill(self.number, number)
        code = os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1])
        if code not in (0, -number if number is signal.SIGKILL else 128 + number):
            raise SystemExit(f"after {number.name} a run ended with {code}")
        os.close(self.pipe)


class FirstStep(NullListener):
    """Says through a pipe when training has begun, and looks for signals as the command line does."""

    def __init__(self, pipe: int, look: Callable[[], None]) -> None:
        self._pipe, self._look = pipe, look

    def on_steps(self, chunk: Chunk, steps: int, values: dict[str, np.ndarray]) -> None:
        self._look()
        if self._pipe >= 0:
            os.write(self._pipe, b".")
            self._pipe = -1


def prepare(place: Path) -> None:
    """Run the study once from beginning to end, compile its programs for all others, and import here what the
    run has imported. Nothing is computed in this process."""
    names = place / "modules"
    (place / "programs").mkdir()
    works = [lambda number=number: compile_team(place / "programs", number) for number in range(TEAMS)]
    for child in [spawn(work) for work in [lambda: run_to_its_end(place / "whole", names), *works]]:
        end(child)
    for name in names.read_text().split():
        with suppress(ImportError):  # a module that only another one can import
            import_module(name)


def run_to_its_end(run: Path, names: Path) -> None:
    """An ordinary run, and the modules that it has imported."""
    run_study(load_study(STUDY), run, check=False)
    names.write_text("\n".join(sys.modules))


def compile_team(programs: Path, number: int) -> None:
    """The programs of one team."""
    compile_and_keep(programs, plan_study(load_study(STUDY)).teams[number])


def start(run: Path) -> Child:
    """A process that runs the study, or goes on with it."""
    heard, told = os.pipe()

    def go() -> None:
        with stop_signals() as heard:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            load_compiled(run.parent / "programs")
            watcher = FirstStep(told, heard.look)
            options = {"check": False, "resume": True, "checkpoint_every": 0, "watcher": watcher}
            try:
                interrupted = run_study(load_study(STUDY), run, **options).attrs["status"] == "interrupted"
            except KeyboardInterrupt:
                interrupted = True
            os._exit(heard.exit_code if interrupted else 0)

    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # until the child can hear them
    child = spawn(go)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    os.close(told)
    return Child(child, heard)


def spawn(work: Callable[[], None]) -> int:
    """A process that does this."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def end(child: int) -> None:
    """Wait for a process, which has to end well."""
    if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise SystemExit(f"a run ended with {code}")
