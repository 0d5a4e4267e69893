"""All patterns, tried in order on every wrong block; one found in several blocks is told once.

Numbers may be in the wrong place (transposed, reshaped in the wrong order, another block's) or plainly not
computed (not finite, zero, one number all over).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from shoal.gradients.patterns.finding import ENOUGH, Block, Finding, judge
from shoal.gradients.patterns.fits import Known, fit


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


SAME = 1e-4  # fitted numbers this close (as a share) are the same


def name_patterns(
    blocks: Sequence[Block],
    wrong: Collection[str],
    *,
    examples: int | None = None,
    l2: float | None = None,
) -> tuple[Finding, ...]:
    """What the numbers alone say of the blocks named in `wrong`; the right ones may be what came instead.

    `examples` is N, `l2` the coefficient of l2 sum W^2 in the cost. A block for which no pattern is beyond
    chance gets none.
    """
    counts = frozenset(n for block in blocks for n in block.shape if n > 1)
    known, found = Known(examples, l2, counts), []
    left = [block for block in blocks if block.name in wrong]
    exchanged = find_exchanges(blocks, left)
    named = {name for finding in exchanged for name in finding.blocks}
    for block in left:
        if block.name in named:
            continue
        finding = find_not_finite(block) or find_constant(block) or find_zero_lines(block)
        finding = finding or fit(block, known) or find_transpose(block)
        if finding is not None:
            found.append(finding)
    return (*exchanged, *_together(found, len(blocks)))


def _together(found: list[Finding], total: int) -> list[Finding]:
    """One finding for all blocks with the same name and the same fitted numbers."""
    groups: list[list[Finding]] = []
    for finding in found:
        alike = next((group for group in groups if finding.numbers and _same(group[0], finding)), None)
        if alike is None:
            groups.append([finding])
        else:
            alike.append(finding)
    return [_merge(group, total) if len(group) > 1 else group[0] for group in groups]


def _merge(group: list[Finding], total: int) -> Finding:
    first, names = group[0], [name for finding in group for name in finding.blocks]
    listed = ", ".join(names[:-1]) + f" and {names[-1]}"
    who = f"Everything ({listed}) is" if len(names) == total else f"{listed} are each"
    text = first.sentence.replace(f"{first.blocks[0]} is", who, 1)
    return replace(
        first, sentence=text, blocks=tuple(names), agreement=max(finding.agreement for finding in group)
    )


def _same(a: Finding, b: Finding) -> bool:
    if a.name != b.name or a.numbers.keys() != b.numbers.keys():
        return False
    if not a.numbers.keys() <= {"factor", "weights"}:
        return False
    same = max(SAME, 3 * a.agreement, 3 * b.agreement)
    return all(abs(a.numbers[k] - b.numbers[k]) <= same * abs(a.numbers[k]) for k in a.numbers)
