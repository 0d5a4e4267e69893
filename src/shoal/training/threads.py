"""How many threads XLA computes with on a CPU: one number for all workers, since the bits depend on it.

Measured: a matrix product of a wide layer is split among the threads, along the axis that is summed too, so
1, 2 and 8 threads give three different last digits; where the threads run does not matter (two threads on
one core give the bits of two cores). XLA reads the number from NPROC when its first array is made.
"""

from __future__ import annotations

import os
import sys

from shoal.errors import ClusterError

_VARIABLE = "NPROC"
_pinned: int | None = None


def threads_here() -> int:
    """The threads that XLA has in this process, or will have."""
    if _pinned is not None:
        return _pinned
    asked = os.environ.get(_VARIABLE, "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else _cores()


def pinned_threads() -> int | None:
    """The number that an earlier run fixed in this process."""
    return _pinned


def pin_threads(count: int) -> None:
    """Let XLA compute with so many threads. Raises ClusterError where it has begun with another number."""
    global _pinned
    if _began():
        if threads_here() != count:
            raise ClusterError(
                f"JAX was begun with {threads_here()} threads in this process; the run needs {count}.",
                f"Start the worker anew, or set {_VARIABLE} to the same number for all workers.",
            )
    else:
        os.environ[_VARIABLE] = str(count)
    _pinned = count


def _began() -> bool:
    """Whether JAX has made its devices, after which the number is fixed."""
    bridge = sys.modules.get("jax._src.xla_bridge")  # no public name tells without making them
    return bridge is not None and bridge.backends_are_initialized()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
