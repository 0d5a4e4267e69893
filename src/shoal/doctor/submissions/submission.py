"""A student's `loss` and `gradients`, called in their own layout, their answers checked and brought back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shoal.doctor.submissions.guard import Guard
from shoal.doctor.submissions.layout import Layout
from shoal.doctor.submissions.loading import find_functions, load_module
from shoal.errors import SubmissionError
from shoal.gradients.networks.point import Parameters
from shoal.layers import Dropout

WATCHED_CALLS = 3  # of each function, whose arguments are compared afterwards


@dataclass
class Submission:
    """A student's two functions, called with Shoal's arrays and answering in Shoal's structure.

    `notes` collects what is odd without being wrong: changed arguments, a loss of shape (1,).
    """

    functions: Mapping[str, Callable[..., Any]]
    layout: Layout
    guard: Guard
    notes: dict[str, None] = field(default_factory=dict)
    watched: dict[str, int] = field(default_factory=dict)
    loss_first: bool = False  # gradients uses what the last call of loss left behind

    @classmethod
    def load(cls, guard: Guard, layout: Layout) -> Submission:
        """The submission of a guard's file. Raises SubmissionError."""
        drops = any(layer.draws for layer in layout.network.layers)
        arguments = ("parameters", "x", "y", *(["masks"] if drops else []))
        return cls(find_functions(load_module(guard), guard.path, arguments), layout, guard)

    def loss(self, parameters: Parameters, x: np.ndarray, y: np.ndarray, noise: Any = None) -> float:
        """The loss. Raises SubmissionError where it is not one finite number."""
        return self.number(self.call("loss", self.layout.to_user(parameters), *self.batch(x, y, noise)))

    def gradients(
        self, parameters: Parameters, x: np.ndarray, y: np.ndarray, noise: Any = None
    ) -> Parameters:
        """The gradients, by layer and parameter. Raises SubmissionError where they do not fit."""
        if self.loss_first:
            self.loss(parameters, x, y, noise)
        came = self.call("gradients", self.layout.to_user(parameters), *self.batch(x, y, noise))
        gradients = self.layout.from_user(came)
        broken = [
            self.layout.name(layer, key)
            for layer, own in gradients.items()
            for key, value in own.items()
            if not np.isfinite(value).all()
        ]
        if broken:
            self.notes[
                f"gradients returns NaN or infinite numbers in {', '.join(broken)}: look for 0/0, a division "
                "by zero or an exp that overflows."
            ] = None
        return gradients

    def batch(self, x: np.ndarray, y: np.ndarray, noise: Any = None) -> tuple[Any, ...]:
        """x, y and, with dropout, the masks of what is kept, as the code wants them."""
        masks = [
            self.layout.inputs_to_user(noise[name] >= layer.rate)
            for name, layer in zip(self.layout.network.names, self.layout.network.layers, strict=True)
            if isinstance(layer, Dropout)
        ]
        return self.layout.inputs_to_user(x), self.layout.labels_to_user(y), *([masks] if masks else [])

    def call(self, name: str, *arguments: Any) -> Any:
        """One function with the code's own structures; what it does to them is noted."""
        self.watched[name] = self.watched.get(name, 0) + 1
        watched = self.watched[name] <= WATCHED_CALLS
        before = [array.copy() for array in _arrays(arguments)] if watched else []
        result = self.guard.call(f"{name}()", self.functions[name], *arguments)
        after = list(_arrays(arguments)) if watched else []
        if not _same(before, after):
            self.notes[
                f"{name} changes its arguments in place. Here each call gets copies; elsewhere the next call "
                "starts from changed arrays. Write `a = a - b` in place of `a -= b`."
            ] = None
        return result

    def number(self, value: Any) -> float:
        """A loss as a float. Raises SubmissionError where it is not one finite number."""
        if value is None:
            raise SubmissionError("loss returned None.", "Is its `return` missing? It returns one number.")
        if isinstance(value, (tuple, list, dict)):
            raise SubmissionError(
                f"loss returned a {type(value).__name__} of {len(value)}; expected one number.",
                "Return the loss alone.",
            )
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.asarray(None)
        if array.size != 1 or array.dtype.kind not in "fiu":
            what = f"an array of shape {array.shape}" if array.size != 1 else f"{value!r:.60}"
            raise SubmissionError(
                f"loss returned {what}; expected one number.",
                "Take the mean (or sum) over the examples." if array.size != 1 else "Return a float.",
            )
        if array.shape:
            self.notes[f"loss returns an array of shape {array.shape}: its one number is taken."] = None
        if not np.isfinite(array).all():
            raise SubmissionError(
                f"loss returned {array.item()}.",
                "Look for log(0), 0/0 or an exp that overflows: what it was called with is finite.",
            )
        return float(array.item())


def _arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [array for item in inner for array in _arrays(item)]


def _same(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    return len(before) == len(after) and all(map(np.array_equal, before, after))
