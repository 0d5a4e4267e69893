"""The examination of someone's code: its loss held against the network's cost, then its gradients judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shoal.errors import SubmissionError
from shoal.gradients.doctor.explain import Explanation, explain
from shoal.gradients.doctor.guard import Guard
from shoal.gradients.doctor.layout import Layout
from shoal.gradients.networks.point import Parameters
from shoal.study.spec.submission import NetworkFile
from shoal.study.submitted import Submitted, submitted

Tell = Callable[[str], None]
NEEDS_LOSS = (
    "gradients uses what the last call of loss left behind, not the arguments it is given. Here loss is "
    "called with the same arguments before it; elsewhere the gradients may be those of another batch."
)


@dataclass(frozen=True, eq=False)
class Examination:
    """What was found: how the loss compares, and one of a diagnosis and a black-box check."""

    explanation: Explanation
    diagnosis: Any
    check: Any
    notes: tuple[str, ...]
    printed: str
    layout: Layout
    calls: int
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the gradients are right."""
        return bool((self.check or self.diagnosis).ok)


def examine(
    settings: NetworkFile,
    path: Path,
    *,
    data_dir: Path | None = None,
    timeout: float | None = None,
    tell: Tell | None = None,
) -> Examination:
    """Judge the submission at `path`. Raises SubmissionError where its code cannot be loaded, called or
    understood, and DataError where the data cannot be had."""
    case = submitted(settings, Guard(path, timeout, tell), data_dir)
    require_repeatable(case)
    losses = [case.loss(k) for k in range(len(case.points))]
    explanation = explain(case.points, losses, float32=case.float32)
    diagnosis, check = judged(case, explanation)
    guard, submission = case.submission.guard, case.submission
    return Examination(
        explanation,
        diagnosis,
        check,
        tuple(submission.notes),
        guard.printed.getvalue(),
        submission.layout,
        guard.calls,
        guard.seconds,
    )


def require_repeatable(case: Submitted) -> None:
    """Raises SubmissionError where the same call gives other numbers each time.

    Gradients that grow by the same amount, or that settle after a call, are mistakes that the diagnosis
    names; they pass. Where gradients uses what the last call of loss left behind, loss is called first.
    """
    losses = [case.loss(0) for _ in range(2)]
    if losses[0] != losses[1]:
        raise _random("loss", f"{losses[0]:.9g}, then {losses[1]:.9g}")
    a, b, c = (_flat(_after_loss(case, k)) for k in (0, 1, 0))
    size = max(float(np.max(np.abs(a))), 1e-300)
    if np.array_equal(b, c) or np.max(np.abs((c - b) - (b - a))) <= 1e-6 * size:
        return
    if np.array_equal(a, c):
        case.submission.loss_first = True
        case.submission.notes[NEEDS_LOSS] = None
        return
    at = int(np.argmax(np.abs(c - b)))
    raise _random("gradients", f"one of its entries was {a[at]:.6g}, then {b[at]:.6g}, then {c[at]:.6g}")


def judged(case: Submitted, explanation: Explanation) -> tuple[Any, Any]:
    """A diagnosis where the loss is understood, and a check of the two functions alone where it is not, or
    where it is understood only nearly and the diagnosis finds something that it has no name for."""
    convention = explanation.convention
    if convention is None or convention.biases:
        return None, check_alone(case)
    diagnosis = diagnosed(case, explanation)
    if not explanation.exact and not diagnosis.ok and not diagnosis.causes:
        return None, check_alone(case)
    return diagnosis, None


def diagnosed(case: Submitted, explanation: Explanation) -> Any:
    """The diagnosis of the gradients of the student's own loss."""
    from shoal.gradients import diagnose

    convention, point = explanation.convention, case.points[0]
    assert convention is not None
    n, classes = len(point.x), case.network.classes
    network, parameters = convention.seen(point.network, point.parameters, n)
    l2, y = convention.l2_seen(n, classes), case.labels(0)
    if convention.varies:  # what is seen holds for n examples only: one point
        before, x_before = case.labels(1), case.points[1].x
        case.submission.gradients(point.parameters, x_before, before, case.points[1].noise)
        came = convention.brought_back(case.gradients(0), n, classes)
        return diagnose(
            network, l2, parameters, point.x, y, came, noise=point.noise or None, previous=(x_before, before)
        )

    def gradients(parameters: Parameters, x: np.ndarray, y: np.ndarray, noise: Any = None) -> Parameters:
        return convention.brought_back(case.submission.gradients(parameters, x, y, noise), len(x), classes)

    return diagnose(network, l2, parameters, point.x, y, gradients, noise=point.noise or None)


def check_alone(case: Submitted) -> Any:
    """The student's gradients against differences of the student's loss, whatever the network."""
    from shoal.gradients import check

    submission, layout, point = case.submission, case.submission.layout, case.points[0]
    batch = submission.batch(point.x, case.labels(0), point.noise)

    def loss(parameters: Any) -> float:
        return submission.number(submission.call("loss", parameters, *batch))

    def gradients(parameters: Any) -> Any:
        return layout.to_user(layout.from_user(submission.call("gradients", parameters, *batch)))

    return check(loss, gradients, layout.to_user(point.parameters))


def _flat(gradients: Parameters) -> np.ndarray:
    return np.concatenate([np.ravel(value) for own in gradients.values() for value in own.values()])


def _after_loss(case: Submitted, number: int) -> Parameters:
    """The gradients at the first point, right after the loss at another."""
    case.loss(number)
    return case.gradients(0)


def _random(name: str, seen: str) -> SubmissionError:
    return SubmissionError(
        f"{name} gives other numbers each time it is called with the same arguments: {seen}.",
        "Draw nothing inside it: dropout's masks come in as `masks`; seed any other random numbers.",
    )
