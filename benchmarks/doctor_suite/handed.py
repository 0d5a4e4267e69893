"""The student's code as it is handed over: a function, with or without memory, or its arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .backward import Gradients, gradients
from .case import Case
from .point import gradients_at
from .slip import Slips

Function = Callable[..., Gradients]


def as_function(case: Case) -> Function:
    """gradients(parameters, x, y), with the noise as a fourth argument where the network has dropout."""
    memory = next((s for s in case.slips if s.name in ("stale-cache", "accumulated")), None)
    rest = Slips([slip for slip in case.slips if slip is not memory])

    def plain(parameters: Any, x: Any, y: Any, noise: Any = None, cached: Any = None) -> Gradients:
        arrays = ({n: {k: _cast(a, case) for k, a in own.items()} for n, own in p.items()} for p in
                  (parameters, case.point.running, cached or {}))  # fmt: skip
        parameters, running, cached = arrays
        with np.errstate(all="ignore"):
            return gradients(case.net, parameters, _cast(x, case), y, noise, rest, running, cached)

    if memory is None:
        return plain
    return {"stale-cache": StaleCache, "accumulated": Accumulated}[memory.name](plain, memory.variant)


def as_arrays(case: Case) -> Gradients:
    """The gradients at the case's point; code with memory has seen the batch before."""
    with np.errstate(all="ignore"):
        return gradients_at(case.net, case.point.as_type(case.dtype), case.slips)


class StaleCache:
    """A model that fills its cache after it has used it: every call answers for the call before."""

    def __init__(self, function: Function, variant: str) -> None:
        self.function, self.variant, self.cache = function, variant, None

    def __call__(self, parameters: Any, x: Any, y: Any, *noise: Any) -> Gradients:
        now = ({name: dict(own) for name, own in parameters.items()}, np.array(x), np.array(y), *noise)
        before = self.cache or now
        self.cache = tuple(_copied(part) for part in now)
        if self.variant == "call":
            return self.function(*before)
        cached = before[0] if self.variant == "activations" else None
        return self.function(parameters, *before[1:], cached=cached)


class Accumulated:
    """A model that adds to its gradients and never sets them to zero.

    As "shared" it returns the very arrays that it adds to, so what it returned before changes as well.
    """

    def __init__(self, function: Function, variant: str) -> None:
        self.function, self.variant, self.grads = function, variant, None

    def __call__(self, *arguments: Any) -> Gradients:
        new = self.function(*arguments)
        if self.grads is None:
            self.grads = new
        else:
            for name, own in new.items():
                for key, g in own.items():
                    self.grads[name][key] += g
        return self.grads if self.variant == "shared" else _copied(self.grads)


def _copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    return None if tree is None else np.array(tree)


def _cast(array: Any, case: Case) -> np.ndarray:
    """In the code's own precision, whatever it is called with."""
    return np.asarray(array).astype(case.dtype)
