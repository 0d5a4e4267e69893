"""Full-batch training by SciPy: a thread for each network of a program, one compiled function for all."""

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
import numpy as np

from shoal.population.device_data import out_of_memory
from shoal.population.full_batch.objective import FlatProgram
from shoal.population.full_batch.records import IterationRecorder
from shoal.population.program import Chunk
from shoal.population.progress import ProgressListener
from shoal.population.train import ChunkResult
from shoal.study.settings.full_batch import FullBatch
from shoal.training.full_batch import STOPPED, MinimizeResult, minimize_cost
from shoal.training.runtime import device_bytes, numerics

Report = Callable[[int, dict[str, np.ndarray]], None]


def train_member(
    chunk: Chunk, functions: FlatProgram, report: Report, stopped: Callable[[], bool] = lambda: False
) -> ChunkResult:
    """Minimize the cost of a chunk's member. `report` hears of the evaluations or iterations done.

    Where `stopped()` becomes true it ends with the iterate at hand, and the result is not `finished`.
    Raises DeviceError where the device has no memory for it.
    """
    training = chunk.program.cells[chunk.cells[0]].settings.training
    record, table = chunk.program.settings.record, training.optimizer_table
    assert isinstance(table, FullBatch)
    with numerics(training.precision) as dtype, out_of_memory(chunk):
        began = time.perf_counter()
        who, data = functions.who(chunk), functions.data(chunk)
        calls = SciPyFunctions(functions, who, functions.examples(data), dtype)
        start = np.asarray(functions.start(who), np.float64)

        def measure(x: np.ndarray) -> dict[str, np.ndarray]:
            return jax.device_get(functions.measure(x.astype(dtype), who, data, calls.examples.x))

        trail = IterationRecorder(measure, record.points, record.steps)
        count = ProgressCounter(report, training.evaluations is not None, chunk.program.steps)
        report(0, trail.at(0, start))

        def each(iteration: int, x: np.ndarray, evaluations: int) -> None:
            count.to(iteration, evaluations, trail.at(iteration, x))

        outcome = minimize_cost(
            calls.cost_and_gradient,
            start,
            table.kind,
            table.options,
            hessian_product=calls.hessian_product if functions.hessian_product else None,
            iterations=training.iterations,
            evaluations=training.evaluations,
            each=each,
            stopped=stopped,
        )
        trail.end(outcome.iterations, outcome.x)
        x = outcome.x.astype(dtype)
        finals = jax.device_get(functions.finish(x, who, data, calls.examples.x))
        weights = jax.device_get(functions.weights(x))
    finished = not stopped() or outcome.status != STOPPED
    if finished:
        count.rest()
    return _result(chunk, trail, outcome, finals, weights, time.perf_counter() - began, finished)


class SciPyFunctions:
    """The compiled functions as SciPy calls them: float64 in and out, whatever the precision."""

    def __init__(self, functions: FlatProgram, who: Any, examples: Any, dtype: Any) -> None:
        self._functions, self.examples, self._dtype = functions, examples, dtype
        self._values = {path: value[0] for path, value in who.values.items()}

    def cost_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        cost, gradient = self._functions.cost_and_gradient(
            x.astype(self._dtype), self._values, *self.examples
        )
        return float(cost), np.asarray(gradient, np.float64)

    def hessian_product(self, x: np.ndarray, direction: np.ndarray) -> np.ndarray:
        product = self._functions.hessian_product
        assert product is not None
        found = product(x.astype(self._dtype), direction.astype(self._dtype), self._values, *self.examples)
        return np.asarray(found, np.float64)


class ProgressCounter:
    """Tells the progress in what the study limits: evaluations where these are limited, else iterations."""

    def __init__(self, report: Report, evaluations: bool, total: int) -> None:
        self._report, self._evaluations, self._total, self._done = report, evaluations, total, 0

    def to(self, iteration: int, evaluations: int, values: dict[str, np.ndarray]) -> None:
        now = min(evaluations if self._evaluations else iteration, self._total)
        self._report(now - self._done, values)
        self._done = now

    def rest(self) -> None:
        """A method that ended early has nothing left to do."""
        self._report(self._total - self._done, {})
        self._done = self._total


def _result(
    chunk: Chunk,
    trail: IterationRecorder,
    outcome: MinimizeResult,
    finals: dict[str, np.ndarray],
    weights: Any,
    seconds: float,
    finished: bool,
) -> ChunkResult:
    at, curves = trail.curves()
    own = {
        "diverged_step": -1 if np.isfinite(outcome.cost) else outcome.iterations,
        "iterations": outcome.iterations,
        "evaluations": outcome.evaluations,
        "hessian_products": outcome.hessian_products,
        "final_cost": outcome.cost,
        "optimizer_status": outcome.status,
        "optimizer_message": outcome.message,
        "converged": outcome.converged,
    }
    settled = replace(chunk, program=replace(chunk.program, record=at, steps=outcome.iterations))
    return ChunkResult(
        settled,
        curves,
        {**finals, **{name: _one(value) for name, value in own.items()}},
        np.full((1, len(at)), np.nan),
        {
            f"{layer}.{name}": value[None, None]
            for layer, own in weights.items()
            for name, value in own.items()
        },
        seconds,
        0.0,
        finished,
    )


def _one(value: Any) -> np.ndarray:
    """(1, 1); texts as objects, as results keep them."""
    return np.array([[value]], dtype=object if isinstance(value, str) else None)


SECONDS_A_LOOK = 0.2  # at the keyboard, where no thread has anything to tell


def train_members(
    chunks: Sequence[Chunk], watcher: ProgressListener, keep: Callable[[ChunkResult], None]
) -> None:
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
            chunk, functions, lambda s, v: events.put(lambda: watcher.on_steps(chunk, s, v)), stop.is_set
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
