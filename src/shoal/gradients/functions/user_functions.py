"""The user's loss and gradients as functions of float64 blocks.

Global random generators are seeded alike before each call and put back afterwards. While the functions are
called thousands of times, their products run on a number of threads that suits their size.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj
from threadpoolctl import threadpool_limits

from shoal.errors import GradientError
from shoal.gradients.functions.matching import match
from shoal.gradients.functions.parameters import Leaf, read_parameter, rebuild, to_numpy, walk

SEED = 20_240_501


@dataclass(eq=False)
class Seeds:
    """While `active`, `sow` seeds NumPy's legacy generator, Python's, and PyTorch's if it is loaded already.

    What the user's generators held before comes back when the context ends.
    """

    active: bool = False
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Seeds:
        self._stack.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.active = False
        self._stack.__exit__(*exception)

    def activate(self) -> None:
        """Seed before every call from now on."""
        self._stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        self._stack.callback(random.setstate, random.getstate())
        if (torch := sys.modules.get("torch")) is not None:
            used = torch.cuda.is_available() and torch.cuda.is_initialized()
            self._stack.enter_context(torch.random.fork_rng(range(torch.cuda.device_count()) if used else []))
        self.active = True

    def seed_all(self) -> None:
        if not self.active:
            return
        np.random.seed(SEED)  # noqa: NPY002
        random.seed(SEED)
        if (torch := sys.modules.get("torch")) is not None:
            torch.random.manual_seed(SEED)


TRIES = 3
GAIN = 1.5  # one thread is left when all of them together are not this much faster


def one_is_enough(call: Callable[[], Any]) -> bool:
    """Whether `call` is about as fast on one thread as on all: small products only wait for each other."""
    everywhere = _fastest(call)
    with threadpool_limits(1):
        return _fastest(call) < GAIN * everywhere


def _fastest(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(TRIES):
        started = perf_counter()
        call()
        times.append(perf_counter() - started)
    return min(times)


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
    copies_inputs: bool = False
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
        if self._base is None or self.copies_inputs:
            self._base = [self._hand(i, own) for i, own in enumerate(self.parameters.base)]
        arrays = list(self._base)
        arrays[k] = self._hand(k, block)
        return self.call(arrays)

    def complex_with_block(self, k: int, block: np.ndarray) -> Any:
        """What the loss returns when block k is complex. The other blocks stay real."""
        arrays = self.parameters.handed(self.parameters.base)
        arrays[k] = self.parameters.leaves[k].hand_complex(block)
        self.calls += 1
        self.seeds.seed_all()
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
        self.seeds.seed_all()
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


@dataclass(eq=False)
class Gradients:
    """The user's gradients, a function or arrays. `came` are those at the base point, in float64."""

    source: Any
    loss: Loss
    came: list[np.ndarray] = field(default_factory=list)
    note: str = ""
    trusted: bool = True  # whether it can be called at another point

    @property
    def callable(self) -> bool:
        return callable(self.source)

    def at(self, blocks: list[np.ndarray]) -> list[np.ndarray]:
        """The gradients at another point, right after its loss: some code keeps what that computes."""
        arrays = self.loss.parameters.handed(blocks)
        self.loss.call(arrays)
        return self.call(arrays)[0]

    def call(self, arrays: list[Any]) -> tuple[list[np.ndarray], Any]:
        """Copies in float64, and what was returned."""
        self.loss.seeds.seed_all()
        returned = self.source(self.loss.parameters.hand(arrays))
        found, self.note = match(self.loss.parameters.leaves, returned)
        return found, returned
