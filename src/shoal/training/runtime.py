"""How JAX is set up for training: precision, promotion, threads, a cache of compiled programs.

One number of threads holds for all workers, since the bits depend on it. Measured: a matrix product of a
wide layer is split among the threads, along the axis that is summed too, so 1, 2 and 8 threads give three
different last digits; where the threads run does not matter (two threads on one core give the bits of two
cores). XLA reads the number from NPROC when its first array is made.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

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


@contextmanager
def numerics(precision: str) -> Iterator[np.dtype]:
    """The dtype of "float32" or "float64", inside a context in which no dtype is promoted silently."""
    with jax.enable_x64(precision == "float64"), jax.numpy_dtype_promotion("strict"):
        yield np.dtype(precision)


def cache_folder() -> Path:
    """Where compiled programs are kept: $SHOAL_CACHE_DIR/programs, or the user's cache folder."""
    import platformdirs

    base = os.environ.get("SHOAL_CACHE_DIR") or platformdirs.user_cache_path("shoal", appauthor=False)
    return Path(base) / "programs"


def keep_compiled_programs() -> None:
    """Use JAX's persistent cache, unless the user has set one up; do without where it cannot be written."""
    if jax.config.values["jax_compilation_cache_dir"] is not None:
        return
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a read-only home: compile afresh
    if os.access(folder, os.W_OK):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def keep_freed_memory() -> None:
    """Let freed memory stay with the process, where the C library can be told so (glibc).

    A compiled program asks for its scratch memory at every call. Given back in between, each page of it is
    mapped and cleared anew: for a record of health this took as long as the arithmetic.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_NO_MAPPINGS, 0)
        mallopt(_TRIM_ABOVE, 2**31 - 1)


_TRIM_ABOVE, _NO_MAPPINGS = -1, -4  # M_TRIM_THRESHOLD, M_MMAP_MAX of malloc.h


def chunk_limits() -> tuple[float, int, float]:
    """The most bytes and members of a chunk that suit the device, and the operations of a step worth a chunk.

    On a CPU 1 GiB and 64 members: wider stacks were no faster there, and Ctrl-C loses less. Networks of a few
    units are stacked wider, until a step has 2e7 operations: below that, calls cost more than arithmetic.
    On a GPU half of its memory and as many members as fit.
    """
    if jax.devices()[0].platform == "cpu":
        return 1.0 * 2**30, 64, 2e7
    return 0.5 * device_bytes(), 1_000_000, 0.0


def device_bytes() -> float:
    """All the memory that the device has."""
    device = jax.devices()[0]
    if device.platform == "cpu" and "SC_PHYS_PAGES" in os.sysconf_names:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    return float((device.memory_stats() or {}).get("bytes_limit", 8 * 2**30))


def device_text() -> str:
    """The device that computes, in words: "cpu (2 cores)" or "gpu NVIDIA ..."."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return f"cpu ({os.cpu_count()} cores)"
    return f"{device.platform} {device.device_kind}"


@cache
def matrix_rate() -> float:
    """Operations a second of float32 matrix products on the device: the best of five.

    By the library that trains, not NumPy: beside other work NumPy's threads wait for each other, and the rate
    falls to a tenth.
    """
    a, b = jnp.ones((512, 2048), jnp.float32), jnp.ones((2048, 512), jnp.float32)
    product = jax.jit(jnp.matmul)
    product(a, b).block_until_ready()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        product(a, b).block_until_ready()
        times.append(time.perf_counter() - began)
    return 2.0 * 512 * 2048 * 512 / min(times)
