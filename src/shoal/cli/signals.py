"""Ctrl-C and a cluster's SIGTERM end a run in the same way, each with its own exit code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn


@dataclass
class Heard:
    """The signal that ended a run: `exit_code` is 130 after Ctrl-C, 143 after SIGTERM."""

    exit_code: int = 130


@contextmanager
def stop_signals() -> Iterator[Heard]:
    """Inside, SIGINT and SIGTERM raise KeyboardInterrupt, and `Heard` says which it was."""
    heard = Heard()

    def stop(number: int, _: object) -> NoReturn:
        heard.exit_code = 128 + number
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
