"""The one door between the equations and an array library: ask an array for its namespace.

A namespace follows the Python array API standard (https://data-apis.org/array-api/2024.12/), so that
one equation runs on NumPy arrays, on array-api-strict's (which refuse anything outside the standard),
on JAX arrays and on JAX tracers, without this package importing any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import array_api_compat

Array: TypeAlias = Any  # an array of any library that follows the standard
Number: TypeAlias = Any  # a Python number, or a 0-d array whose value may still be traced
Shape: TypeAlias = tuple[int, ...]  # without the axis N of examples
Values: TypeAlias = Mapping[str, Array]  # a layer's parameters, gradients, state or saved arrays


def namespace(*arrays: Array) -> Any:
    """The array API namespace that all `arrays` belong to."""
    return array_api_compat.array_namespace(*arrays)


def one_hot(labels: Array, classes: int) -> Array:
    """Boolean (N, C) from integer labels (N,): true where the column is the row's label.

    A label outside 0 ... C-1 gives a row without a true entry: check labels before training.
    """
    xp = namespace(labels)
    return labels[:, None] == xp.arange(classes, dtype=labels.dtype)[None, :]
