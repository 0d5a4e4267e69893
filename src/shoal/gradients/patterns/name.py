"""All patterns, tried in order on every wrong block; the same one in several blocks is told once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from .finding import Block, Finding
from .fitted import fit
from .order import find_exchanges, find_transpose
from .words import Known
from .zeros import find_constant, find_not_finite, find_zero_lines

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
