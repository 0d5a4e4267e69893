"""Which returned array is the gradient of which block."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from shoal.errors import GradientError
from shoal.gradients.functions.parameters import WHOLE, Leaf, to_numpy, walk

_ENDS = re.compile(r"^(d_?|grad(ient)?_?|g_)(?=.)|(?<=.)(_grad(ient)?|_g)$")  # dW1, grad_W1, W1_grad


def match(leaves: Sequence[Leaf], returned: Any) -> tuple[list[np.ndarray], str]:
    """Every block's gradient in float64, in the order of `leaves`, and a note on how they were matched.

    By path; else with the usual d, d_ or grad_ before the names (or _grad behind them); else, where the
    gradients are a list or one long vector, in order, if every shape fits. Raises GradientError.
    """
    if returned is None:
        raise GradientError("The gradient function returned nothing (None).", "Return the gradients.")
    came = [(path, value) for path, value in walk(returned)]
    pairs, note = _pair(leaves, came, returned)
    arrays = [_read(leaf, value) for leaf, value in zip(leaves, pairs, strict=True)]
    _require_shapes(leaves, arrays)
    empty = [leaf.path for leaf, value in zip(leaves, pairs, strict=True) if value is None]
    if empty:
        note = f"{note} None came for {', '.join(empty)}; read as zero.".strip()
    return arrays, note


def _pair(leaves: Sequence[Leaf], came: list[tuple[str, Any]], returned: Any) -> tuple[list[Any], str]:
    names = [leaf.path for leaf in leaves]
    found = dict(came)
    if len(leaves) == 1 == len(came):
        return [came[0][1]], ""
    if set(names) <= found.keys():
        _require_no_extra(names, found)
        return [found[name] for name in names], ""
    plain = {_plain(path): value for path, value in came}
    if len(plain) == len(came) and set(plain) == set(names):
        return [
            plain[name] for name in names
        ], f"The gradients came as {came[0][0]} and so on, for {names[0]}."
    if not isinstance(returned, dict) and len(came) == len(leaves):
        shapes = [np.shape(value) for _, value in came]
        if shapes == [leaf.shape for leaf in leaves]:
            return [value for _, value in came], "The gradients came as a sequence; read in order."
    if len(came) == 1 and came[0][0] == WHOLE and (parts := _split(leaves, came[0][1])) is not None:
        return parts, "The gradients came as one vector; read in the order of the parameters."
    raise _mismatch(names, found, returned)


def _split(leaves: Sequence[Leaf], value: Any) -> list[np.ndarray] | None:
    sizes = [int(np.prod(leaf.shape)) for leaf in leaves]
    if np.shape(value) != (sum(sizes),):
        return None
    parts = np.split(to_numpy(value), np.cumsum(sizes)[:-1])
    return [part.reshape(leaf.shape) for part, leaf in zip(parts, leaves, strict=True)]


def _plain(path: str) -> str:
    """The path without what marks its last name as a gradient's."""
    head, dot, last = path.rpartition(".")
    return head + dot + _ENDS.sub("", last, count=1)


def _mismatch(names: list[str], found: dict[str, Any], returned: Any) -> GradientError:
    first = returned[0] if isinstance(returned, tuple) and len(returned) == 2 else None
    if first is not None and not isinstance(first, (dict, list, tuple)) and np.shape(first) == ():
        return GradientError(
            "The gradient function returned a pair that begins with a single number; expected gradients.",
            "It looks like (loss, gradients): return the gradients alone.",
        )
    missing = [name for name in names if name not in found]
    extra = [name for name in found if name not in names]
    parts = []
    if missing:
        parts.append(f"No gradient came for {_listed(missing)}")
    if extra:
        parts.append(f"{'something' if parts else 'Something'} came for {_listed(extra)}, no parameter")
    return GradientError("; ".join(parts) + ".", _EVERY)


_EVERY = "Return one gradient for every block, in the same structure as the parameters and no other."


def _require_no_extra(names: list[str], found: dict[str, Any]) -> None:
    extra = [name for name, value in found.items() if name not in names and value is not None]
    if extra:
        raise GradientError(f"A gradient came for {_listed(extra)}, which is no parameter.", _EVERY)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6])
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown


def _read(leaf: Leaf, value: Any) -> np.ndarray:
    if value is None:
        return np.zeros(leaf.shape)
    try:
        array = to_numpy(value)
    except (TypeError, ValueError) as problem:
        raise GradientError(
            f"The gradient for {leaf.path} is of type {type(value).__name__} ({problem}); expected an array.",
            f"Return an array of shape {leaf.shape}.",
        ) from None
    if array.dtype.kind == "c":
        raise GradientError(f"The gradient for {leaf.path} is complex.", "Return real gradients.")
    return array


def _require_shapes(leaves: Sequence[Leaf], arrays: Sequence[np.ndarray]) -> None:
    """Raises GradientError that lists every shape that does not fit, with a guess at why."""
    wrong = [(leaf, a) for leaf, a in zip(leaves, arrays, strict=True) if a.shape != leaf.shape]
    if not wrong:
        return
    lines = [f"{leaf.path} has shape {leaf.shape}, its gradient {array.shape}" for leaf, array in wrong[:6]]
    more = f"; and {len(wrong) - 6} more" if len(wrong) > 6 else ""
    raise GradientError(
        "Shapes do not match: " + "; ".join(lines) + more + ".", _guess(leaves, arrays, wrong)
    )


def _guess(leaves: Sequence[Leaf], arrays: Sequence[np.ndarray], wrong: list[tuple[Leaf, np.ndarray]]) -> str:
    shapes, came = [leaf.shape for leaf in leaves], [array.shape for array in arrays]
    if len(wrong) > 1 and came == shapes[::-1]:
        return "In reverse order every shape fits: return the gradients in the order of the parameters."
    if len(wrong) > 1 and sorted(came) == sorted(shapes):
        return "In another order every shape fits: return the gradients in the order of the parameters."
    if all(array.shape == leaf.shape[::-1] for leaf, array in wrong):
        return "Transposed, every shape fits."
    if all(array.size == int(np.prod(leaf.shape)) for leaf, array in wrong):
        return "The sizes agree: reshape each gradient to its parameter's shape."
    if all(array.size == 1 for _, array in wrong):
        return "A gradient has one number for each entry of its parameter: do not sum over all of it."
    return "Return every gradient in the shape of its parameter."
