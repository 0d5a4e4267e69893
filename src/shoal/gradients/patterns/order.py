"""Right numbers in the wrong place: transposed, reshaped in the wrong order, or another block's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .evidence import ENOUGH, judge
from .finding import Block, Finding


def find_transpose(block: Block) -> Finding | None:
    """came = true', or the true transpose's numbers poured into the right shape."""
    if block.came.ndim != 2 or min(block.shape) < 2:
        return None
    rows, columns = block.shape
    if rows == columns:
        agreement = _agrees(block.came.T, block)
        if agreement is not None:
            text = f"{block.name} is the transpose of the true gradient."
            return Finding("gradient-transposed", text, (block.name,), agreement=agreement)
        return None
    agreement = _agrees(block.came.reshape(columns, rows).T, block)
    if agreement is None:
        return None
    text = f"{block.name} is the true gradient transposed and then reshaped: transpose it back instead."
    return Finding("gradient-reshaped", text, (block.name,), agreement=agreement)


def find_exchanges(blocks: Sequence[Block], wrong: Sequence[Block]) -> list[Finding]:
    """Blocks whose gradient is another block's, in pairs where they are exchanged."""
    taken: dict[str, tuple[str, float]] = {}
    for block in wrong:
        for other in blocks:
            if other is block or other.shape != block.shape:
                continue
            agreement = _agrees(block.came, other, without=block)
            if agreement is not None:
                taken[block.name] = (other.name, agreement)
                break
    findings, done = [], set()
    for name, (other, agreement) in taken.items():
        if name in done:
            continue
        if taken.get(other, ("",))[0] == name:
            done |= {name, other}
            text = f"The gradients of {name} and {other} are exchanged."
            worst = max(agreement, taken[other][1])
            findings.append(Finding("layers-swapped", text, (name, other), agreement=worst))
        else:
            text = f"What came for {name} is the true gradient of {other}."
            findings.append(Finding("of-another-block", text, (name,), agreement=agreement))
    return findings


def _agrees(came: np.ndarray, block: Block, without: Block | None = None) -> float | None:
    """How well `came` is the block's true gradient where that is known; None if it is not.

    `without`: the block that it should have been the gradient of.
    """
    at = block.known
    if not at.any() or not np.all(np.isfinite(came)):
        return None
    # Were the pattern wrong, the numbers would stand where they belong.
    expected = block.came[at] if without is None else np.where(without.known, without.true, 0.0)[at]
    found = judge(came[at], block.true[at], expected, block.errors[at], 0)
    return found.agreement if found.fits and found.digits >= ENOUGH else None
