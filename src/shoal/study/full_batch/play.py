"""The members of a full-batch program, side by side: a thread for each that runs, one compiled program."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

import jax

from shoal.study.device import out_of_memory
from shoal.study.full_batch.functions import FlatProgram
from shoal.study.full_batch.member import train_member
from shoal.study.program import Chunk
from shoal.study.train import ChunkResult
from shoal.study.watching import Watcher
from shoal.training.runtime import device_bytes, numerics

SECONDS_A_LOOK = 0.2  # at the keyboard, where no thread has anything to tell


def play_members(chunks: Sequence[Chunk], watcher: Watcher, keep: Callable[[ChunkResult], None]) -> None:
    """Train every chunk of one program and `keep` its result.

    Threads tell the watcher nothing themselves: what they have to say is said here, one after another. Where
    something stops the run (Ctrl-C, no memory), members on their way end with their last iterate, which is
    kept as unfinished, and the error passes on.
    """
    began = time.perf_counter()
    with numerics(chunks[0].program.settings.training.precision) as dtype, out_of_memory(chunks[0]):
        functions = FlatProgram(chunks[0], dtype)
    compiling = [time.perf_counter() - began]
    events: SimpleQueue[Any] = SimpleQueue()
    stop = Event()

    def train(chunk: Chunk) -> ChunkResult:
        events.put(lambda: watcher.chunk_started(chunk))
        return train_member(
            chunk, functions, lambda s, v: events.put(lambda: watcher.advanced(chunk, s, v)), stop.is_set
        )

    def finish(chunk: Chunk, result: ChunkResult) -> None:
        result = replace(result, seconds_compile=compiling.pop() if compiling else 0.0)
        keep(result)
        watcher.chunk_finished(chunk, result.seconds, result.seconds_compile)

    with ThreadPoolExecutor(workers(chunks)) as pool:
        futures = {pool.submit(train, chunk): chunk for chunk in chunks}
        for future in futures:
            future.add_done_callback(events.put)
        try:
            _follow(events, futures, finish)
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            _keep_stopped(futures, keep)
            raise


def workers(chunks: Sequence[Chunk]) -> int:
    """How many members are trained at a time: one a core, as memory allows; one on other devices.

    SciPy holds Python's lock only between evaluations, which are most of the time: measured on two busy
    cores, four members of report 003's network took 4.4 s one after another and 3.6 to 4.0 s two at a time.
    """
    if jax.default_backend() != "cpu":
        return 1
    fitting = int(device_bytes() / 2 / max(chunk.bytes for chunk in chunks))
    return max(1, min(os.cpu_count() or 1, len(chunks), fitting))


def _follow(
    events: SimpleQueue[Any],
    futures: dict[Future[ChunkResult], Chunk],
    finish: Callable[[Chunk, ChunkResult], None],
) -> None:
    left = dict(futures)
    while left:
        try:
            event = events.get(timeout=SECONDS_A_LOOK)
        except Empty:
            continue
        if isinstance(event, Future):
            finish(left.pop(event), event.result())
        else:
            event()


def _keep_stopped(futures: dict[Future[ChunkResult], Chunk], keep: Callable[[ChunkResult], None]) -> None:
    """What the threads held when they were stopped, and what they finished before anyone asked."""
    for future in futures:
        if not future.cancelled() and future.exception() is None:
            keep(future.result())
