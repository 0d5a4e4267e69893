"""Someone's code, called with care: what it prints is kept, its errors show its own lines, its time is told.

It is not a sandbox: the code can do whatever its user can.
"""

from __future__ import annotations

import contextlib
import io
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from shoal.errors import SubmissionError

FIRST_WORD = 2.0  # seconds after which a running call is mentioned; then at twice the time, and so on


class _TimeUp(BaseException):
    """Not an Exception: `except Exception` in the code that is called must not swallow it."""


@dataclass
class Guard:
    """Calls functions of the file `path`. `tell` gets a line where a call takes long; `timeout` in seconds.

    `printed` collects what went to standard output, `seconds` the time inside.
    """

    path: Path
    timeout: float | None = None
    tell: Callable[[str], None] | None = None
    printed: io.StringIO = field(default_factory=io.StringIO)
    calls: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.timeout is not None and not hasattr(signal, "setitimer"):
            raise SubmissionError(
                "A time limit needs alarms, which this system has not.", "Use Ctrl-C instead."
            )

    def call(self, label: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """`function(*arguments)`. Raises SubmissionError with the code's own traceback where it raises."""
        began = time.perf_counter()
        self.calls += 1
        try:
            with self._folder_on_path(), contextlib.redirect_stdout(self.printed), self._timed(label):
                return function(*arguments)
        except _TimeUp:
            raise SubmissionError(
                f"{label} ran longer than {self.timeout:g} s, the time limit of a call.",
                "Give it more with --timeout, or a smaller `batch` or network.",
            ) from None
        except SystemExit:
            raise SubmissionError(
                f"{label} left the program (sys.exit).", 'Move that below `if __name__ == "__main__":`.'
            ) from None
        except Exception as error:
            raise SubmissionError(
                f"{label} raised an error. Its own traceback:\n\n{own_traceback(error, self.path)}",
                "Mend that first: a gradient can be judged once the code runs.",
            ) from None
        finally:
            self.seconds += time.perf_counter() - began

    @contextlib.contextmanager
    def _folder_on_path(self) -> Iterator[None]:
        """The file's folder in front of sys.path, as `python FILE.py` has it."""
        folder = str(self.path.resolve().parent)
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):  # the code may have taken it out itself
                sys.path.remove(folder)

    @contextlib.contextmanager
    def _timed(self, label: str) -> Iterator[None]:
        over = threading.Event()
        if self.tell is not None:
            threading.Thread(target=self._watch, args=(label, over), daemon=True).start()
        try:
            with self._alarm():
                yield
        finally:
            over.set()

    def _watch(self, label: str, over: threading.Event) -> None:
        passed, wait = 0.0, FIRST_WORD
        while not over.wait(wait):
            passed += wait
            wait = passed
            if self.tell is not None:
                self.tell(f"{label} has been running for {passed:.0f} s (call {self.calls}; Ctrl-C ends it)")

    @contextlib.contextmanager
    def _alarm(self) -> Iterator[None]:
        if self.timeout is None or threading.current_thread() is not threading.main_thread():
            yield
            return

        def ring(number: int, frame: FrameType | None) -> None:
            raise _TimeUp

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, self.timeout)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def own_traceback(error: BaseException, path: Path) -> str:
    """The traceback from the first line of the file `path` on: none of the lines that led to it."""
    told = traceback.TracebackException(type(error), error, _from(error.__traceback__, str(path)))
    return "".join(told.format()).rstrip()


def _from(trace: TracebackType | None, filename: str) -> TracebackType | None:
    at = trace
    while at is not None and at.tb_frame.f_code.co_filename != filename:
        at = at.tb_next
    return at
