"""Limits of a process that reads what another must not be harmed by."""

from __future__ import annotations

import sys


def limit_process(memory: int, seconds: int) -> None:
    """Bound this process's address space, in bytes, and its time on the processor; no core is dumped.

    Where the system knows no such limits (Windows) nothing is bounded.
    """
    if sys.platform == "win32":
        return
    import resource

    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        hard = resource.getrlimit(what)[1]
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(what, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
