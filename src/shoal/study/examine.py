"""The examination of someone's code: its loss held against the network's cost, then its gradients judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.gradients.doctor.result import Diagnosis
from shoal.gradients.doctor.submissions.explain import Explanation, explain
from shoal.gradients.doctor.submissions.guard import Guard
from shoal.gradients.doctor.submissions.layout import Layout
from shoal.gradients.networks.point import Parameters
from shoal.study.repeatable import require_repeatable
from shoal.study.spec.submission import NetworkFile
from shoal.study.submitted import Submitted, submitted

if TYPE_CHECKING:
    from shoal.gradients import FunctionCheck

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
