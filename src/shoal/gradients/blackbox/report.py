"""From probes to what is told of a block: verdict, errors, the worst entries, and which part is wrong."""

from __future__ import annotations

import numpy as np

from shoal.gradients.compare import Comparison
from shoal.gradients.verdict import Verdict

from .blocks import Probed
from .libraries import Leaf
from .result import BlockResult, Entry

WORST = 3  # entries shown
LISTED = 6


def block_result(leaf: Leaf, one: Probed, *, widen: bool, forgiven: bool) -> BlockResult:
    """`forgiven`: a disagreement beside a corner, gone a little away from it."""
    probes = one.probes
    found = probes.compare(widen=widen) if probes.slopes else None
    verdict = _verdict(one, found, forgiven)
    count = len(probes.entries)
    corners = int(probes.corners.sum()) if found else 0
    return BlockResult(
        name=leaf.path,
        shape=leaf.shape,
        dtype=str(getattr(leaf.own, "dtype", "float")).removeprefix("torch."),
        error=found.worst if found else None,
        absolute=_absolute(one),
        numeric_error=_typical(probes.errors[np.isfinite(probes.errors)]) if found else 0.0,
        worst=_worst(one, found),
        probed=count,
        directions=len(probes.along) if found else 2,
        unresolved=max(found.unresolved - int((probes.corners & ~found.wrong).sum()), 0) if found else 0,
        corners=corners,
        verdict=verdict,
        extent=_extent(one, found) if verdict is Verdict.WRONG else "",
        note=_note(one, verdict, forgiven, corners),
    )


def _verdict(one: Probed, found: Comparison | None, forgiven: bool) -> Verdict:
    if forgiven:
        return Verdict.KINK
    if not np.all(np.isfinite(one.probes.came)) or (found is not None and found.wrong.any()):
        return Verdict.WRONG
    if one.flat:
        return Verdict.ZERO
    return Verdict.KINK if one.probes.corners.any() else Verdict.OK


def _note(one: Probed, verdict: Verdict, forgiven: bool, corners: int) -> str:
    if forgiven:
        return "a corner lies here, where no derivative exists; right a little away from it"
    if one.change == 0:
        return "the loss does not depend on it"
    if verdict is Verdict.ZERO:
        return "zero by construction: the loss takes any change of it off again"
    if verdict is Verdict.KINK:
        probes = len(one.probes.slopes)
        return f"{corners} of {probes} probes sit on a corner: anything between its two slopes is right"
    if verdict is Verdict.OK and not one.probes.came.any():
        return "every entry is 0"
    return ""


def _absolute(one: Probed) -> float:
    probes = one.probes
    if not probes.entries:
        return 0.0
    off = np.abs(probes.analytic - probes.values)[: len(probes.entries)]
    off = off[~probes.corners[: len(off)]]
    return float(np.max(np.nan_to_num(off, nan=np.inf), initial=0.0))


def _typical(errors: np.ndarray) -> float:
    return float(np.median(errors)) if errors.size else float("inf")


def _worst(one: Probed, found: Comparison | None) -> tuple[Entry, ...]:
    probes = one.probes
    if found is None or not probes.entries:
        return ()
    count = len(probes.entries)
    told = (found.resolved | found.wrong)[:count]
    rank = np.where(told, found.errors[:count], -1.0) + 2.0 * found.wrong[:count]
    order = [int(i) for i in np.argsort(-rank, kind="stable")[:WORST] if rank[i] >= 0]
    return tuple(_entry(one, i) for i in order)


def _entry(one: Probed, i: int) -> Entry:
    probes = one.probes
    position, slope = int(probes.positions[i]), probes.slopes[i]
    index = tuple(int(n) for n in np.unravel_index(position, probes.came.shape))
    return Entry(index, float(probes.came.reshape(-1)[position]), slope.value, float(probes.errors[i]))


def _extent(one: Probed, found: Comparison | None) -> str:
    """Which part is wrong, in words."""
    count = len(one.probes.entries)
    if found is None:
        return ""
    wrong = int(found.wrong[:count].sum())
    size = one.probes.came.size
    if count == size:
        return f"{wrong} of {size} entries" if size > 1 else ""
    if one.extent is not None and one.extent.rows and one.extent.columns:
        return f"{wrong} wrong {'entry' if wrong == 1 else 'entries'} found"
    if one.extent is not None and one.extent.rows:
        return _lines("row", one.extent.rows)
    if one.extent is not None and one.extent.columns:
        return _lines("column", one.extent.columns)
    return f"all over ({wrong} of {count} probed)"


def _lines(what: str, which: tuple[int, ...]) -> str:
    listed = ", ".join(map(str, which[:LISTED]))
    return f"{what} {listed}" if len(which) == 1 else f"{what}s {listed}"
