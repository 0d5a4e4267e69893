"""Functions of one variable for regression, by name: equations only, nothing is evaluated from text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shoal.layers.arrays import Array, namespace

Equation = Callable[[Any, Array], Array]  # (the array's own namespace, x) -> f(x)

FUNCTIONS: dict[str, Equation] = {
    "identity": lambda xp, x: x,
    "abs": lambda xp, x: xp.abs(x),
    "square": lambda xp, x: x * x,
    "cube": lambda xp, x: x * x * x,
    "sin": lambda xp, x: xp.sin(x),
    "cos": lambda xp, x: xp.cos(x),
    "tanh": lambda xp, x: xp.tanh(x),
    "exp": lambda xp, x: xp.exp(x),
    "sinc": lambda xp, x: xp.where(x == 0, xp.ones_like(x), xp.sin(x) / xp.where(x == 0, xp.ones_like(x), x)),
    "step": lambda xp, x: xp.astype(x >= 0, x.dtype),
}


def values_of(function: str, x: Array) -> Array:
    """f(x), elementwise, of x's library, shape and dtype."""
    return FUNCTIONS[function](namespace(x), x)
