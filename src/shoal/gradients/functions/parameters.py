"""The user's structure of arrays as a list of named blocks in NumPy float64, and back.

    {"layers": [{"W": ..., "b": ...}]}   <->   layers[0].W, layers[0].b

The array library is found by the array itself (array-api-compat); none is imported here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj, is_torch_array

from shoal.errors import GradientError


@dataclass(frozen=True, eq=False)
class Leaf:
    """A parameter block as the user has it: its path, and the array (or float) itself."""

    path: str
    own: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(int(n) for n in getattr(self.own, "shape", ()))

    @property
    def single(self) -> bool:
        """Whether the numbers are coarser than float64."""
        return self.epsilon > 1e-12

    @property
    def epsilon(self) -> float:
        if isinstance(self.own, float):
            return 2.0**-52
        return float(array_namespace(self.own).finfo(self.own.dtype).eps)

    def hand(self, values: np.ndarray, *, wide: bool = False) -> Any:
        """`values` as the user's functions expect them: own library, dtype, device. Always a new array.

        `wide` makes it float64 in any case.
        """
        if isinstance(self.own, np.generic):
            return np.float64(values) if wide else self.own.dtype.type(values)
        if isinstance(self.own, float):
            return float(values)
        if isinstance(self.own, np.ndarray):
            made = values.astype(np.float64 if wide else self.own.dtype)
            return made if type(self.own) is np.ndarray else made.view(type(self.own))
        xp = array_namespace(self.own)
        return self._asarray(np.array(values), xp.float64 if wide else self.own.dtype)

    def hand_complex(self, values: np.ndarray) -> Any:
        """Complex `values` in the user's library, as wide as the block's own numbers."""
        wide = np.complex64 if self.single else np.complex128
        if isinstance(self.own, (float, np.generic)):
            return wide(values)
        if isinstance(self.own, np.ndarray):
            return values.astype(wide)
        xp = array_namespace(self.own)
        return self._asarray(values.astype(wide), xp.complex64 if self.single else xp.complex128)

    def _asarray(self, values: np.ndarray, dtype: Any) -> Any:
        xp = array_namespace(self.own)
        if not is_torch_array(self.own):
            return xp.asarray(values, dtype=dtype)
        made = xp.asarray(values).to(device=self.own.device, dtype=dtype)
        return made.requires_grad_(True) if self.own.requires_grad else made


def to_numpy(array: Any) -> np.ndarray:
    """A copy in float64 (complex128 where it is complex). Raises TypeError where it holds no numbers."""
    if is_torch_array(array):
        array = array.detach().cpu()
        wide = "complex128" if array.is_complex() else "float64"
        return array.to(getattr(array_namespace(array), wide)).numpy().copy()
    values = np.asarray(array)
    if values.dtype.kind == "O" or values.dtype.kind in "USmM":
        raise TypeError(f"an array of {values.dtype}")
    return np.array(values, dtype=np.complex128 if values.dtype.kind == "c" else np.float64)


def read_parameter(path: str, own: Any) -> Leaf:
    """The leaf, if it can be checked. Raises GradientError where it cannot."""
    if isinstance(own, bool) or not (isinstance(own, (int, float, complex)) or is_array_api_obj(own)):
        raise GradientError(
            f"{path} is {_named(own)}; expected an array of real numbers.",
            "Give the parameters as NumPy, PyTorch or JAX arrays in dicts, lists or tuples, and keep "
            "settings out of them.",
        )
    kind = _kind(own)
    if kind == "integer":
        raise GradientError(
            f"{path} holds integers ({_dtype(own)}), in which no small step can be made.",
            f"Convert it first, for example {path} = {path}.astype(float) in NumPy.",
        )
    if kind != "real":
        raise GradientError(
            f"{path} holds {kind} numbers ({_dtype(own)}); only real parameters can be checked.",
            "Give the real and the imaginary part as two real blocks." if kind == "complex" else "",
        )
    leaf = Leaf(path, own)
    if 0 in leaf.shape:
        raise GradientError(f"{path} is empty: its shape is {leaf.shape}.", "Leave it out of the parameters.")
    return leaf


def _kind(own: Any) -> str:
    if isinstance(own, (int, float, complex)) and not isinstance(own, np.generic):
        return {int: "integer", float: "real"}.get(type(own), "complex")
    xp = array_namespace(own)
    for kind, name in (("real floating", "real"), ("complex floating", "complex"), ("integral", "integer")):
        if xp.isdtype(own.dtype, kind):
            return name
    return "integer" if xp.isdtype(own.dtype, "bool") else "unknown"


def _dtype(own: Any) -> str:
    return str(getattr(own, "dtype", type(own).__name__))


def _named(own: Any) -> str:
    if isinstance(own, np.ndarray):
        return f"an array of {own.dtype}"
    return f"of type {type(own).__name__}"


WHOLE = "parameters"  # what a structure that is one array calls it


def walk(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves with their paths, in order. Of what is None, too."""
    if isinstance(tree, Mapping):
        for key, part in tree.items():
            yield from walk(part, _join(path, key))
    elif isinstance(tree, (list, tuple)):
        for i, part in enumerate(tree):
            yield from walk(part, f"{path or WHOLE}[{i}]")
    else:
        yield path or WHOLE, tree


def rebuild(tree: Any, leaves: Iterator[Any]) -> Any:
    """A structure like `tree` with `leaves` in place of its own, in the order of `walk`; None stays None."""
    if isinstance(tree, Mapping):
        parts = {key: rebuild(part, leaves) for key, part in tree.items()}
        if type(tree) is dict or not isinstance(tree, dict):
            return parts
        filled = copy.copy(tree)  # an OrderedDict, a defaultdict
        filled.update(parts)
        return filled
    if isinstance(tree, (list, tuple)):
        made = [rebuild(part, leaves) for part in tree]
        if isinstance(tree, list):
            return made
        return type(tree)(*made) if hasattr(tree, "_fields") else tuple(made)
    return None if tree is None else next(leaves)


def _join(path: str, key: Any) -> str:
    if isinstance(key, str) and key and not set(key) & set(" .[]'\"\n"):
        return f"{path}.{key}" if path else key
    return f"{path or WHOLE}[{key!r}]"
