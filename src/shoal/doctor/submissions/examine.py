"""Checks someone's code: its loss against the network's cost, then its gradients.

Code that draws random numbers at each call is refused; code that remembers earlier calls is understood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.doctor.result import Diagnosis
from shoal.doctor.submissions.case import Submitted, submitted
from shoal.doctor.submissions.explain import Explanation, explain
from shoal.doctor.submissions.guard import Guard
from shoal.doctor.submissions.layout import Layout
from shoal.doctor.submissions.network_file import NetworkFile
from shoal.errors import SubmissionError
from shoal.gradients.networks.point import Parameters

if TYPE_CHECKING:
    from shoal.gradients import FunctionCheck


SAME, SAME32 = 1e-9, 1e-4  # repeated numbers may differ by this share: sums over threads
NEEDS_LOSS = (
    "gradients uses what the last call of loss left behind, not the arguments it is given. Here loss is "
    "called with the same arguments before it; elsewhere the gradients may be those of another batch."
)


def require_repeatable(case: Submitted) -> None:
    """Raises SubmissionError where the same call gives other numbers each time.

    Gradients that grow by the same amount, or that settle after a call, are mistakes that the diagnosis
    names; they pass. Where gradients uses what the last call of loss left behind, loss is called first.
    """
    share = SAME32 if case.float32 else SAME
    first, second = case.loss(0), case.loss(0)
    if abs(first - second) > share * abs(first):
        raise _random("loss", f"{first:.9g}, then {second:.9g}")
    a, b, c = (_flat(_after_loss(case, k)) for k in (0, 1, 0))
    with np.errstate(invalid="ignore"):  # infinite gradients are for the diagnosis
        if _same(b, c, share) or _same(c - b, b - a, share):
            return
    if not _same(a, c, share):
        at = int(np.nanargmax(np.abs(c - b)))
        raise _random("gradients", f"one of its entries was {a[at]:.6g}, then {b[at]:.6g}, then {c[at]:.6g}")
    case.submission.loss_first = True
    case.submission.notes[NEEDS_LOSS] = None


def _flat(gradients: Parameters) -> np.ndarray:
    return np.concatenate([np.ravel(value) for own in gradients.values() for value in own.values()])


def _same(a: np.ndarray, b: np.ndarray, share: float) -> bool:
    size = np.max(np.abs(a), where=np.isfinite(a), initial=0.0)
    return np.allclose(a, b, rtol=0, atol=share * size, equal_nan=True)


def _after_loss(case: Submitted, number: int) -> Parameters:
    """The gradients at the first point, right after the loss at another."""
    case.loss(number)
    return case.gradients(0)


def _random(name: str, seen: str) -> SubmissionError:
    return SubmissionError(
        f"{name} gives other numbers each time it is called with the same arguments: {seen}.",
        "Draw nothing inside it: dropout's masks come in as `masks`; seed any other random numbers.",
    )


Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Examination:
    """What was found: how the loss compares, and one of a diagnosis and a black-box check."""

    explanation: Explanation
    diagnosis: Diagnosis | None
    check: FunctionCheck | None
    notes: tuple[str, ...]
    printed: str
    layout: Layout
    calls: int
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the gradients are right."""
        return self.check.ok if self.check is not None else self.diagnosis is not None and self.diagnosis.ok


def examine(
    settings: NetworkFile,
    path: Path,
    *,
    data_dir: Path | None = None,
    folder: Path | None = None,
    timeout: float | None = None,
    tell: Tell | None = None,
) -> Examination:
    """Judge the submission at `path` by a network file that lies in `folder`.

    Raises SubmissionError where the code cannot be loaded, called or understood, and DataError where the
    data cannot be had.
    """
    case = submitted(settings, Guard(path, timeout, tell), data_dir, folder)
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


def judged(case: Submitted, explanation: Explanation) -> tuple[Diagnosis | None, FunctionCheck | None]:
    """A diagnosis where the loss is understood, and a check of the two functions alone where it is not, or
    where it is understood only nearly and the diagnosis finds something that it has no name for."""
    convention = explanation.convention
    if convention is None or convention.biases:
        return None, check_alone(case)
    diagnosis = in_words_of(case.submission.layout, diagnosed(case, explanation))
    if not explanation.exact and not diagnosis.ok and not diagnosis.causes:
        return None, check_alone(case)
    return diagnosis, None


def diagnosed(case: Submitted, explanation: Explanation) -> Diagnosis:
    """The diagnosis of the gradients of the student's own loss."""
    from shoal.doctor.diagnose import diagnose

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


def in_words_of(layout: Layout, diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with the code's own names, shapes and indices."""
    places = {(place.layer, place.parameter): place for place in layout.places}
    blocks = []
    for block in diagnosis.blocks:
        place = places[block.layer, block.parameter]
        index = layout.index(place, block.worst_index)
        blocks.append(replace(block, shape=place.shape, worst_index=index))
    names = {f"{layer}.{key}": layout.name(layer, key) for layer, key in places}
    return replace(diagnosis, blocks=tuple(blocks), names=names)


def check_alone(case: Submitted) -> FunctionCheck:
    """The student's gradients against differences of the student's loss, whatever the network."""
    from shoal.gradients import check

    submission, layout, point = case.submission, case.submission.layout, case.points[0]
    batch = submission.batch(point.x, case.labels(0), point.noise)

    def loss(parameters: Any) -> float:
        return submission.number(submission.call("loss", parameters, *batch))

    def gradients(parameters: Any) -> Any:
        return layout.to_user(layout.from_user(submission.call("gradients", parameters, *batch)))

    return check(loss, gradients, layout.to_user(point.parameters))
