"""The examples on which someone's code is judged: drawn, or the first of a data set's training split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shoal.errors import DataError
from shoal.study.spec.submission import NetworkFile


@dataclass(frozen=True, eq=False)
class Batches:
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


def batches_of(settings: NetworkFile, data_dir: Path | None = None, folder: Path | None = None) -> Batches:
    """The batches that a network file, lying in `folder`, asks for. Raises DataError where its data cannot
    be had."""
    seed = settings.submission.seed
    if settings.data is None:
        return Batches((settings.inputs or 0,), settings.classes or 0, seed)
    from shoal.study.inputs import Loader

    if settings.data.is_function:
        raise DataError(
            "a network file names the points of a function", "name a data set, or give `inputs` and `classes`"
        )
    inputs = Loader(data_dir, folder=folder).examples(settings.data)
    some = inputs.splits.train.inputs[: 100 * settings.submission.batch]
    x = inputs.scaling.apply(some).astype(np.float64)
    return Batches(x.shape[1:], inputs.classes, seed, x, np.asarray(inputs.splits.train.labels[: len(some)]))
