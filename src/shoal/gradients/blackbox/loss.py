"""The user's loss as a function of float64 blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj

from shoal.errors import GradientError

from .libraries import Leaf, read_parameter, to_numpy
from .randomness import Seeds
from .structure import rebuild, walk


@dataclass(eq=False)
class Parameters:
    """The user's parameters: their structure, their leaves, and their values `base` in float64."""

    tree: Any
    leaves: tuple[Leaf, ...]
    base: list[np.ndarray]

    def hand(self, arrays: Sequence[Any]) -> Any:
        """The user's structure around `arrays`, one a leaf."""
        return rebuild(self.tree, iter(arrays))

    def handed(self, blocks: Sequence[np.ndarray]) -> list[Any]:
        """Each block as a new array of the user's kind."""
        return [leaf.hand(block) for leaf, block in zip(self.leaves, blocks, strict=True)]

    @property
    def epsilon(self) -> float:
        """The coarsest last digit of all blocks, as the user has them."""
        return max(leaf.epsilon for leaf in self.leaves)

    @property
    def single(self) -> bool:
        return any(leaf.single for leaf in self.leaves)


def read_parameters(tree: Any) -> Parameters:
    """Raises GradientError for a structure without arrays, or with something else in it."""
    leaves = tuple(read_parameter(path, own) for path, own in walk(tree) if own is not None)
    if not leaves:
        raise GradientError(
            "The parameters are empty: there is no array in them.",
            "Give the arrays that the loss depends on, for example {'W1': W1, 'b1': b1}.",
        )
    base = [to_numpy(leaf.own) for leaf in leaves]
    for leaf, block in zip(leaves, base, strict=True):
        if not np.all(np.isfinite(block)):
            raise GradientError(
                f"{leaf.path} has an entry that is NaN or infinite.", "Start from finite ones."
            )
    return Parameters(tree, leaves, base)


@dataclass(eq=False)
class Loss:
    """Calls the user's loss and reads its value. `calls` counts.

    Blocks that are as in `base` are handed over as the same arrays each time, unless `careful`. Where it is
    `wide`, those of float32 are handed over in float64.
    """

    function: Callable[[Any], Any]
    parameters: Parameters
    seeds: Seeds = field(default_factory=Seeds)
    careful: bool = False
    calls: int = 0
    wide: bool = False
    _base: list[Any] | None = None

    def widen(self, wide: bool) -> None:
        """Hand float32 blocks over in float64 from now on, or no longer."""
        self.wide, self._base = wide, None

    def at(self, blocks: Sequence[np.ndarray]) -> float:
        """The loss with every block given."""
        return self.call([self._hand(k, block) for k, block in enumerate(blocks)])

    def with_block(self, k: int, block: np.ndarray) -> float:
        """The loss with block k changed."""
        if self._base is None or self.careful:
            self._base = [self._hand(i, own) for i, own in enumerate(self.parameters.base)]
        arrays = list(self._base)
        arrays[k] = self._hand(k, block)
        return self.call(arrays)

    def complex_with_block(self, k: int, block: np.ndarray) -> Any:
        """What the loss returns when block k is complex. The other blocks stay real."""
        arrays = self.parameters.handed(self.parameters.base)
        arrays[k] = self.parameters.leaves[k].hand_complex(block)
        self.calls += 1
        self.seeds.sow()
        return self.function(self.parameters.hand(arrays))

    def untouched(self) -> bool:
        """Whether the arrays handed over again and again still hold the parameters."""
        return self._base is None or all(
            np.array_equal(to_numpy(array), block)
            for array, block in zip(self._base, self.parameters.base, strict=True)
        )

    def _hand(self, k: int, block: np.ndarray) -> Any:
        return self.parameters.leaves[k].hand(block, wide=self.wide)

    def call(self, arrays: list[Any]) -> float:
        """The loss of arrays that are the user's already."""
        self.calls += 1
        self.seeds.sow()
        with np.errstate(all="ignore"):  # a step may go where the user's own point does not
            return read_scalar(self.function(self.parameters.hand(arrays)))


def read_scalar(value: Any) -> float:
    """The number that a loss returned. Raises GradientError for what is not one real number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    remedy = "Return the loss alone, as one number."
    if value is None:
        raise GradientError("The loss returned nothing (None); expected one number.", "Return the loss.")
    if not is_array_api_obj(value):
        came = f"{len(value)} values in a {type(value).__name__}" if isinstance(value, (list, tuple)) else ""
        came = came or f"a {type(value).__name__}"
        raise GradientError(f"The loss returned {came}; expected one number.", remedy)
    array = to_numpy(value)
    if array.size != 1:
        raise GradientError(
            f"The loss returned an array of shape {array.shape}; expected one number (a scalar).",
            "Take the sum or the mean over the examples.",
        )
    if array.dtype.kind == "c":
        raise GradientError(
            "The loss returned a complex number; expected a real one.", "Return its real part."
        )
    return float(array.reshape(()))


def require_finite(value: float) -> None:
    """Raises GradientError for NaN and infinity."""
    if not isfinite(value):
        raise GradientError(
            f"The loss is {value} at these parameters; expected a finite number.",
            "Look for log(0), division by zero or exp of large numbers, or start from smaller parameters.",
        )
