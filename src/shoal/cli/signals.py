"""Ctrl-C and a cluster's SIGTERM end a run in the same way, each with its own exit code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn


@dataclass
class StopSignal:
    """The signal that ended a run: `exit_code` is 130 after Ctrl-C, 143 after SIGTERM.

    A KeyboardInterrupt can get lost: Python swallows whatever is raised inside a finalizer or a callback of
    its garbage collector, and some libraries swallow what is raised inside theirs. So whoever follows the
    run calls `look` now and then: it raises once more what was heard and may not have arrived.
    """

    exit_code: int = 130
    _to_raise: bool = field(default=False, repr=False)

    def stop(self, number: int, _: object) -> NoReturn:
        """The handler of both signals."""
        self.exit_code, self._to_raise = 128 + number, True
        raise KeyboardInterrupt

    def look(self) -> None:
        """Raises KeyboardInterrupt, once for each signal, where the run still goes on after it."""
        if self._to_raise:
            self._to_raise = False
            raise KeyboardInterrupt


@contextmanager
def stop_signals() -> Iterator[StopSignal]:
    """Inside, SIGINT and SIGTERM raise KeyboardInterrupt, and `StopSignal` says which it was."""
    heard = StopSignal()
    before = {number: signal.signal(number, heard.stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
