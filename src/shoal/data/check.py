"""Checks of a data set's contents on the host, before a compiled program would hide a mistake."""

from __future__ import annotations

import numpy as np

from shoal.data.dataset import Dataset, Part
from shoal.errors import DataError

_BLOCK = 4096  # examples looked at together: bounds the memory of the mask


def check_dataset(dataset: Dataset) -> None:
    """Raise `DataError` unless the data can be trained on.

    Every label lies in 0 .. C-1 (a compiled program wraps or clips one that does not), every input is
    finite, no part is empty, and the training part shows at least two classes.
    """
    _check_part(f"{dataset.name}, training part", dataset.train, dataset.classes)
    if dataset.test is not None:
        _check_part(f"{dataset.name}, test part", dataset.test, dataset.classes)
    present = np.unique(dataset.train.labels)
    if len(present) < 2:
        raise DataError(
            f"{dataset.name}: the training examples are all of class {dataset.classes[present[0]]!r}, "
            "a classifier needs two classes or more",
            "add examples of another class, or check how the labels were made",
        )


def _check_part(where: str, part: Part, classes: tuple[str, ...]) -> None:
    if len(part) == 0:
        raise DataError(f"{where}: no examples", "give at least one example of each of two classes")
    check_labels(where, part.labels, len(classes))
    if part.inputs.dtype.kind == "f":
        _check_finite(where, part.inputs)


def check_labels(where: str, labels: np.ndarray, classes: int) -> None:
    """Raise `DataError` naming the first label outside 0 .. classes-1."""
    if len(labels) and (labels.min() < 0 or labels.max() >= classes):
        first = int(np.argmax((labels < 0) | (labels >= classes)))
        raise DataError(
            f"{where}: label {labels[first]} of example {first} is out of range, "
            f"{classes} classes are numbered 0 to {classes - 1}",
            "correct the label, or name every class of the data",
        )


def _check_finite(where: str, inputs: np.ndarray) -> None:
    for start in range(0, len(inputs), _BLOCK):
        finite = np.isfinite(inputs[start : start + _BLOCK])
        if finite.all():
            continue
        example, *feature = (int(i) for i in np.argwhere(~finite)[0])
        value = inputs[(start + example, *feature)]
        raise DataError(
            f"{where}: input {tuple(feature)} of example {start + example} is {value}, not a finite number",
            "remove or fill in such values before training",
        )
