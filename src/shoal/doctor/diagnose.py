"""The diagnosis: which catalogued mistake gives the user's numbers.

`assert_correct` is for tests: it fails with the diagnosis as its message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from shoal.doctor.explanation import attribute, causes_of, judge_blocks, unexplained
from shoal.doctor.result import Diagnosis
from shoal.doctor.search import search, starts
from shoal.doctor.state import SearchState
from shoal.doctor.user_gradients import Batch, Interpretation, ask, make_batch, require_parameters, take
from shoal.errors import GradientError
from shoal.gradients.networks.point import Point, make_point
from shoal.gradients.verdict import Verdict
from shoal.network import Network


def diagnose(
    network: Network,
    l2: float,
    parameters: Mapping[str, Mapping[str, Any]],
    x: Any,
    y: Any,
    gradients: Mapping[str, Mapping[str, Any]] | Callable[..., Any],
    *,
    noise: Mapping[str, Any] | None = None,
    state: Mapping[str, Mapping[str, Any]] | None = None,
    previous: tuple[Any, Any] | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Say whether someone's gradients of a network's cost are right; if not, which mistakes make them so.

    The cost is the network's loss + `l2` * sum of W^2. `parameters` are {layer: {name: array}} as from
    `network.initialize`, x (N, ...), y integer labels (N,) or the loss's own targets.
    `gradients` are arrays in the structure of the parameters, or a function (parameters, x, y) that returns
    them; with dropout in the network it gets `noise` as a fourth argument, {layer: (N, ...) uniform on
    [0, 1)}, a unit being kept where noise >= rate. A function says more than its numbers at one point: it is
    called at other batches too, where coincidences end and memories show.
    `state` are running statistics, if the user's code has any, `previous` the (x, y) of the call before,
    where numbers may be those of a stale cache.

    The true gradients, and those with each mistake of `CATALOGUE` planted, one and then two at a time, are
    computed by the doctor's own backward pass in float64 and compared to within the rounding of the arrays
    that came. A mistake that is made at every layer of a kind counts as one.

    Raises GradientError where gradients are missing, of a wrong shape or random, and NetworkError where the
    network does not fit.
    """
    started = perf_counter()
    point = _point(network, l2, parameters, x, y, noise)
    held = {
        n: {k: np.asarray(v, dtype=np.float64) for k, v in own.items()} for n, own in (state or {}).items()
    }
    batch = make_batch(point, x, y)
    remarks: tuple[str, ...] = ()
    with (
        threadpool_limits(1),
        np.errstate(all="ignore"),
    ):  # planted mistakes may overflow; products this small only wait for each other's threads
        if callable(gradients):
            readings, remarks = ask(batch, gradients, held, seed)
        else:
            readings = take(batch, gradients, held, _previous(batch, previous))
        return _conclude(readings, point, started, remarks)


def _conclude(
    readings: list[Interpretation], point: Point, started: float, remarks: tuple[str, ...]
) -> Diagnosis:
    evidence = readings[0].shown
    blocks = judge_blocks(evidence)
    wrong = [block for block in blocks if block.verdict is Verdict.WRONG]
    causes, segments = [], []
    if wrong or readings[0].mistake is not None:
        states, reading = _explain(readings)
        causes = causes_of(states, wrong, reading.evidence[0])
        segments = unexplained(states[0], wrong, reading.evidence[0])
        blocks = attribute(blocks, causes)
    return Diagnosis(
        causes=tuple(causes),
        blocks=tuple(blocks),
        unexplained=tuple(segments),
        examples=len(point.x),
        l2=point.l2,
        points=len(evidence),
        precision=evidence[0].epsilon,
        seconds=perf_counter() - started,
        remarks=remarks,
    )


def _explain(readings: list[Interpretation]) -> tuple[list[SearchState], Interpretation]:
    """The explanations of the reading that needs the fewest mistakes."""
    found = [_search(reading) for reading in readings]
    for other in readings[0].evaluated():
        if not all(states[0].puzzles for states, _ in found):
            break
        found.append(_search(other))
    return min(found, key=lambda pair: pair[0][0].cost)


def _search(reading: Interpretation) -> tuple[list[SearchState], Interpretation]:
    return search(list(starts(reading)), reading.evidence), reading


def _point(network: Network, l2: float, parameters: Mapping, x: Any, y: Any, noise: Mapping | None) -> Point:
    require_parameters(network, parameters)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y)
    labels = y.ndim == 1 and y.dtype.kind in "iu"
    targets = network.loss.targets_from_labels(y, network.classes, x) if labels else y
    if labels and (y.min(initial=0) < 0 or y.max(initial=0) >= network.classes):
        raise GradientError(
            f"Labels from {y.min()} to {y.max()} came; expected 0 to {network.classes - 1}.",
            "Count the classes from 0.",
        )
    if len(y) != len(x):
        raise GradientError(
            f"{len(y)} labels came for {len(x)} examples.", "Give one label for each example."
        )
    if not np.all(np.isfinite(x)):  # a saturated layer would hide an infinite input from the cost
        raise _not_finite("x holds NaN or infinite numbers")
    point = make_point(network, parameters, x, targets, l2, noise)
    cost = float(network.costs(point.parameters, point.x, point.targets, point.l2, point.noise).cost)
    if not np.isfinite(cost):
        raise _not_finite(f"The cost is {cost}")
    return point


def _not_finite(what: str) -> GradientError:
    return GradientError(
        f"{what} at this point; expected finite numbers.",
        "Look for NaN or huge values in the inputs and the parameters.",
    )


def _previous(batch: Batch, previous: tuple[Any, Any] | None) -> Batch | None:
    if previous is None:
        return None
    x, y = previous
    point = batch.point
    return make_batch(_point(point.network, point.l2, point.parameters, x, y, point.noise), x, y)


def assert_correct(
    network: Network,
    l2: float,
    parameters: Mapping[str, Mapping[str, Any]],
    x: Any,
    y: Any,
    gradients: Mapping[str, Mapping[str, Any]] | Callable[..., Any],
    **options: Any,
) -> None:
    """Raise AssertionError, with the diagnosis for a message, where `diagnose` finds gradients wrong.

    The arguments are those of `diagnose`.
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    diagnosis = diagnose(network, l2, parameters, x, y, gradients, **options)
    if not diagnosis.ok:
        raise AssertionError(f"\n{diagnosis}")
