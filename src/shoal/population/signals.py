"""Ctrl-C and SIGTERM, put off until a moment that leaves everything whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def deferred() -> Iterator[None]:
    """Inside, a signal waits; at the end whoever handles it hears of it.

    Signals that Python does not handle (SIGTERM without a handler) are left alone, and so are threads other
    than the main one, which hear of none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[tuple[int, Any]] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with ExitStack() as stack:  # every handler comes back, even where one of them raises at once
        for number, handler in handlers.items():
            if callable(handler):
                stack.callback(signal.signal, number, handler)
                signal.signal(number, lambda *signalled: heard.append(signalled))
        yield
    for number, frame in heard[:1]:
        handlers[signal.Signals(number)](number, frame)  # type: ignore[operator]
