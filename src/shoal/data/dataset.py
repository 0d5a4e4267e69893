"""Labelled examples in memory, and the checks of their contents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shoal.data.published.archive import byte_view
from shoal.errors import DataError


@dataclass(frozen=True, eq=False)
class Contents:
    """Both parts of a published data set, as read.

    `sha256` gives, for each loose file or archive member, the SHA-256 of its contents; `classes` the
    names a file gave, None if there was no such file.
    """

    train: Part
    test: Part
    sha256: dict[str, str]
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True, eq=False)
class Part:
    """Examples and their classes.

    inputs: (N, *shape), uint8, float32 or, for trainings in float64, float64; stored C-contiguous; images are
    (N, I, J, C).
    labels: (N,), any integer type, stored int32.

    Raises `DataError` for another dtype or when the two do not belong together.
    """

    inputs: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        inputs, labels = np.asarray(self.inputs), np.asarray(self.labels)
        if inputs.dtype not in (np.uint8, np.float32, np.float64):
            raise DataError(
                f"inputs are {inputs.dtype}, expected uint8, float32 or float64",
                "convert them with inputs.astype(numpy.float32)",
            )
        if inputs.ndim < 2:
            raise DataError(
                f"inputs have shape {inputs.shape}, expected examples first and at least one feature axis",
                "give inputs of shape (N, D), or (N, I, J, C) for images",
            )
        if labels.ndim != 1 or len(labels) != len(inputs):
            raise DataError(
                f"labels have shape {labels.shape}, but there are {len(inputs)} inputs",
                f"give one label for each input: shape ({len(inputs)},)",
            )
        object.__setattr__(self, "inputs", np.ascontiguousarray(inputs))
        object.__setattr__(self, "labels", _as_int32(labels))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example, without N."""
        return self.inputs.shape[1:]

    def take(self, indices: np.ndarray) -> Part:
        """The examples at these indices, in this order (a copy)."""
        return Part(self.inputs[indices], self.labels[indices])


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named data set: a training part, a test part where its publisher made one, and the class names.

    `source` says where it came from and how far its hash was confirmed; `notes` what a reader of
    results should know. Raises `DataError` when the parts do not have the same example shape.
    """

    name: str
    train: Part
    test: Part | None
    classes: tuple[str, ...]
    source: str = "made in Python"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.test is not None and self.test.shape != self.train.shape:
            raise DataError(
                f"{self.name}: training examples have shape {self.train.shape}, test ones {self.test.shape}",
                "give both parts the same example shape",
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (I, J, C) for images."""
        return self.train.shape

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) over the dtype, shape and bytes of every array, computed once."""
        digest = hashlib.sha256()
        for role, part in (("train", self.train), ("test", self.test)):
            if part is None:
                continue
            for array in (part.inputs, part.labels):
                digest.update(f"{role} {array.dtype.str} {array.shape}\n".encode())
                digest.update(byte_view(array))
        return digest.hexdigest()


def _as_int32(labels: np.ndarray) -> np.ndarray:
    if labels.dtype.kind not in "iu":
        raise DataError(
            f"labels are {labels.dtype}, expected integers from 0 to classes - 1",
            "number the classes, for instance with numpy.unique(labels, return_inverse=True)",
        )
    # Casting would wrap a large number into the range in silence.
    if labels.size and (int(labels.max()) > _INT32.max or int(labels.min()) < _INT32.min):
        raise DataError(
            f"labels run from {labels.min()} to {labels.max()}, beyond 32-bit integers",
            "number the classes from 0",
        )
    return np.ascontiguousarray(labels, dtype=np.int32)


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
