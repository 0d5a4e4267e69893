"""Trains the one member of a full-batch chunk by SciPy, recording on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from shoal.study.device import out_of_memory
from shoal.study.full_batch.functions import FlatProgram
from shoal.study.full_batch.trail import Trail
from shoal.study.program import Chunk
from shoal.study.spec.full_batch import FullBatch
from shoal.study.train import ChunkResult
from shoal.training.minimize import STOPPED, Outcome, minimize_cost
from shoal.training.runtime import numerics

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
        calls = _Calls(functions, who, functions.examples(data), dtype)
        start = np.asarray(functions.start(who), np.float64)

        def measure(x: np.ndarray) -> dict[str, np.ndarray]:
            return jax.device_get(functions.measure(x.astype(dtype), who, data, calls.examples.x))

        trail = Trail(measure, record.points, record.steps)
        count = _Counted(report, training.evaluations is not None, chunk.program.steps)
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


class _Calls:
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


class _Counted:
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
    trail: Trail,
    outcome: Outcome,
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
