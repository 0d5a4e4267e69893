"""Gradients with parts that are plainly not computed: not finite, zero, one number all over."""

from __future__ import annotations

import numpy as np

from .finding import Block, Finding

SLACK = 10.0
SHOWN = 6
FEW = 2  # true entries that must be known not to be zero


def find_not_finite(block: Block) -> Finding | None:
    bad = ~np.isfinite(block.came)
    if not bad.any():
        return None
    first = tuple(int(k) for k in np.argwhere(bad)[0])
    count, where = int(bad.sum()), f", the first at {first}" if first else ""
    kinds = "NaN" if np.isnan(block.came[bad]).all() else "infinite or NaN"
    text = f"{count} of {bad.size} entries of {block.name} are {kinds}{where}."
    return Finding("not-finite", text, (block.name,), {"entries": float(count)})


def find_constant(block: Block) -> Finding | None:
    """All zero, or the same number everywhere, where the true gradient is neither."""
    first = float(block.came.flat[0])
    if not np.all(block.came == first):
        return None
    if first == 0:
        if _nonzero(block, block.known) < min(FEW, block.came.size):
            return None
        return Finding(
            "all-zero", f"{block.name} is zero everywhere; the true gradient is not.", (block.name,)
        )
    true, errors = block.true[block.known], block.errors[block.known]
    if block.came.size < 2 or len(true) < 2 or np.ptp(true) <= SLACK * 2 * float(np.max(errors)):
        return None
    text = f"Every entry of {block.name} is {first:.6g}; those of the true gradient differ."
    return Finding("all-the-same", text, (block.name,), {"value": first})


def find_zero_lines(block: Block) -> Finding | None:
    """Rows or columns of zeros where the true gradient is not zero."""
    if block.came.ndim != 2:
        return None
    for axis, what in ((0, "row"), (1, "column")):
        zero = np.flatnonzero(~np.any(block.came, axis=1 - axis))
        if not 0 < len(zero) < block.shape[axis] or block.shape[1 - axis] < 2:
            continue
        told = [i for i in zero.tolist() if _nonzero(block, _line(block, axis, i)) >= FEW]
        if told:
            return _lines(block, axis, what, told)
    return None


def _lines(block: Block, axis: int, what: str, told: list[int]) -> Finding:
    numbers = ", ".join(str(int(i)) for i in told[:SHOWN]) + (", ..." if len(told) > SHOWN else "")
    many = f"{what.capitalize()} {numbers}" if len(told) == 1 else f"{what.capitalize()}s {numbers}"
    verb = "is" if len(told) == 1 else "are"
    elsewhere = block.known & np.any(block.came, axis=1 - axis, keepdims=True)
    rest = block.came[elsewhere] - block.true[elsewhere]
    allowed = SLACK * block.errors[elsewhere] + 1e-5 * np.abs(block.true[elsewhere])
    right = bool(elsewhere.any()) and bool(np.all(np.abs(rest) <= allowed))
    text = f"{many} of {block.name} {verb} zero where the true gradient is not" + (
        "; the rest is right." if right else "."
    )
    return Finding(f"zero-{what}s", text, (block.name,), {f"{what}s": float(len(told))})


def _line(block: Block, axis: int, i: int) -> np.ndarray:
    mask = np.zeros(block.shape, dtype=bool)
    mask[(i, slice(None)) if axis == 0 else (slice(None), i)] = True
    return mask & block.known


def _nonzero(block: Block, at: np.ndarray) -> int:
    """How many true entries of `at` are surely not zero."""
    true, errors = block.true[at & block.known], block.errors[at & block.known]
    return int(np.sum(np.abs(true) > SLACK * errors))
