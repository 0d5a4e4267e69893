"""A submission with the network it is compared with, and the points where this is done.

The examples are drawn, or the first of a data set's training split.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from shoal.doctor.submissions.guard import Guard
from shoal.doctor.submissions.layout import Layout
from shoal.doctor.submissions.network_file import NetworkFile
from shoal.doctor.submissions.submission import Submission
from shoal.errors import DataError
from shoal.gradients.networks.point import Parameters, Point, draw_point
from shoal.network import Network
from shoal.network.from_settings import build_network


@dataclass(frozen=True, eq=False)
class SubmissionExamples:
    """Batches of examples (n, *inputs) in float64 with labels (n,).

    `x` and `labels` are the training split where the file names data, None where examples are drawn.
    """

    inputs: tuple[int, ...]
    classes: int
    seed: int
    x: np.ndarray | None = None
    labels: np.ndarray | None = None

    def batch(self, number: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch `number` of n examples; another number gives other examples, where there are enough."""
        rng = np.random.default_rng([self.seed, number])
        if self.x is None or self.labels is None:
            labels = np.arange(n) % self.classes  # every class, as far as n reaches
            return rng.standard_normal((n, *self.inputs)), rng.permutation(labels)
        chosen = rng.permutation(len(self.x))[:n]
        return self.x[chosen], self.labels[chosen]


def submission_examples(
    settings: NetworkFile, data_dir: Path | None = None, folder: Path | None = None
) -> SubmissionExamples:
    """The batches that a network file, lying in `folder`, asks for. Raises DataError where its data cannot
    be had."""
    seed = settings.submission.seed
    if settings.data is None:
        return SubmissionExamples((settings.inputs or 0,), settings.classes or 0, seed)
    from shoal.data.inputs import Loader

    if settings.data.is_function:
        raise DataError(
            "a network file names the points of a function", "name a data set, or give `inputs` and `classes`"
        )
    inputs = Loader(data_dir, folder=folder).examples(settings.data)
    some = inputs.splits.train.inputs[: 100 * settings.submission.batch]
    x = inputs.scaling.apply(some).astype(np.float64)
    return SubmissionExamples(
        x.shape[1:], inputs.classes, seed, x, np.asarray(inputs.splits.train.labels[: len(some)])
    )


@dataclass(frozen=True, eq=False)
class Submitted:
    """A submission with the network it is held against and the points where this is done."""

    network: Network
    l2: float
    submission: Submission
    batches: SubmissionExamples
    size: int
    float32: bool

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Points of other parameters, examples and batch sizes each, in numbers that the code can hold."""
        sizes = (self.size, self.size, self.size + self.size // 2 + 1, max(2, self.size // 2))
        return tuple(self._point(k, n) for k, n in enumerate(sizes))

    def labels(self, number: int) -> np.ndarray:
        """The labels of a point."""
        return self.batches.batch(number, len(self.points[number].x))[1]

    def loss(self, number: int) -> float:
        """The submission's loss at a point."""
        point = self.points[number]
        return self.submission.loss(point.parameters, point.x, self.labels(number), point.noise)

    def gradients(self, number: int) -> Parameters:
        """The submission's gradients at a point."""
        point = self.points[number]
        return self.submission.gradients(point.parameters, point.x, self.labels(number), point.noise)

    def _point(self, number: int, n: int) -> Point:
        x, labels = self.batches.batch(number, n)
        x = _held(x, self.float32)
        targets = self.network.loss.targets_from_labels(labels, self.network.classes, x)
        drawn = draw_point(self.network, x, targets, self.l2, self.batches.seed + number)
        held = {
            layer: {key: _held(value, self.float32) for key, value in own.items()}
            for layer, own in drawn.parameters.items()
        }
        return Point(self.network, held, x, drawn.targets, self.l2, drawn.noise)


def submitted(
    settings: NetworkFile, guard: Guard, data_dir: Path | None = None, folder: Path | None = None
) -> Submitted:
    """The submission of a guard's file, loaded, with its network and batches."""
    batches, own = submission_examples(settings, data_dir, folder), settings.submission
    network = build_network(settings, batches.inputs, batches.classes)
    layout = Layout(
        network,
        parameters=own.parameters,
        names={key: name for key, name in own.names.model_dump().items() if name is not None},
        first=own.first,
        weights=own.weights,
        examples=own.examples,
        biases=own.biases,
        labels=own.labels,
        dtype=own.dtype,
    )
    submission = Submission.load(guard, layout)
    return Submitted(network, settings.training.l2, submission, batches, own.batch, own.dtype == "float32")


def _held(array: np.ndarray, float32: bool) -> np.ndarray:
    """The array in float64, rounded to what float32 holds if that is what the code computes in."""
    return array.astype(np.float32).astype(np.float64) if float32 else array
