"""Labelled examples in memory: a part (inputs and labels) and a data set (parts with their names)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shoal.data.streams import octets
from shoal.errors import DataError

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
                digest.update(octets(array))
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
