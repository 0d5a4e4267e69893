"""The result of checking two functions: for each block its verdict, errors and worst entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal.gradients.compare import Comparison
from shoal.gradients.functions.blocks import BlockProbe
from shoal.gradients.functions.parameters import Leaf
from shoal.gradients.patterns import Finding
from shoal.gradients.rendering import Rendered
from shoal.gradients.verdict import Verdict, plain

WORST = 3  # entries shown
LISTED = 6


def block_result(leaf: Leaf, one: BlockProbe, *, widen: bool, forgiven: bool) -> BlockResult:
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


def _verdict(one: BlockProbe, found: Comparison | None, forgiven: bool) -> Verdict:
    if forgiven:
        return Verdict.KINK
    if not np.all(np.isfinite(one.probes.came)) or (found is not None and found.wrong.any()):
        return Verdict.WRONG
    if one.flat:
        return Verdict.ZERO
    return Verdict.KINK if one.probes.corners.any() else Verdict.OK


def _note(one: BlockProbe, verdict: Verdict, forgiven: bool, corners: int) -> str:
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


def _absolute(one: BlockProbe) -> float:
    probes = one.probes
    if not probes.entries:
        return 0.0
    off = np.abs(probes.analytic - probes.values)[: len(probes.entries)]
    off = off[~probes.corners[: len(off)]]
    return float(np.max(np.nan_to_num(off, nan=np.inf), initial=0.0))


def _typical(errors: np.ndarray) -> float:
    return float(np.median(errors)) if errors.size else float("inf")


def _worst(one: BlockProbe, found: Comparison | None) -> tuple[Entry, ...]:
    probes = one.probes
    if found is None or not probes.entries:
        return ()
    count = len(probes.entries)
    told = (found.resolved | found.wrong)[:count]
    rank = np.where(told, found.errors[:count], -1.0) + 2.0 * found.wrong[:count]
    order = [int(i) for i in np.argsort(-rank, kind="stable")[:WORST] if rank[i] >= 0]
    return tuple(_entry(one, i) for i in order)


def _entry(one: BlockProbe, i: int) -> Entry:
    probes = one.probes
    position, slope = int(probes.positions[i]), probes.slopes[i]
    index = tuple(int(n) for n in np.unravel_index(position, probes.came.shape))
    return Entry(index, float(probes.came.reshape(-1)[position]), slope.value, float(probes.errors[i]))


def _extent(one: BlockProbe, found: Comparison | None) -> str:
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


@dataclass(frozen=True)
class Entry:
    """One entry of a block: its index, what came, what is right, and the estimated error of that."""

    index: tuple[int, ...]
    came: float
    true: float
    error: float


@dataclass(frozen=True)
class BlockResult:
    """One block of parameters.

    `error` is the largest relative error |a - n| / (|a| + |n|) among the probes that differences resolve
    (None if they resolve none), `absolute` the largest |a - n| of all probes, `numeric_error` the typical
    estimated error of the numeric side. `worst` are the entries to look at first. `probed` entries of `size`
    and `directions` through the whole block were held against slopes; `unresolved` of them were too small
    beside the loss to resolve and agree to within their error; `corners` sit on a corner. `extent` says which
    part of a wrong block is wrong.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    error: float | None
    absolute: float
    numeric_error: float
    worst: tuple[Entry, ...]
    probed: int
    directions: int
    unresolved: int
    corners: int
    verdict: Verdict
    extent: str = ""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        record = {key: plain(value) for key, value in self.__dict__.items()}
        record["worst"] = [{key: plain(v) for key, v in entry.__dict__.items()} for entry in self.worst]
        return record


@dataclass(frozen=True)
class FunctionCheck(Rendered):
    """A function's gradient held against slopes of its loss. Printing it gives the page."""

    blocks: tuple[BlockResult, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    loss: float
    noise: float
    precision: str
    method: str
    calls: int
    seconds: float
    seed: int

    @property
    def ok(self) -> bool:
        """Whether no block is wrong, and nothing was found that makes a gradient wrong."""
        return not self.wrong and all(finding.harmless for finding in self.findings)

    @property
    def wrong(self) -> tuple[BlockResult, ...]:
        return tuple(block for block in self.blocks if block.verdict is Verdict.WRONG)

    def block(self, name: str) -> BlockResult:
        """The block of that name. Raises KeyError."""
        for block in self.blocks:
            if block.name == name:
                return block
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Numbers, strings, lists and dicts only; what is infinite or not a number becomes its name."""
        return {
            "ok": self.ok,
            "blocks": [block.to_json() for block in self.blocks],
            "findings": [
                {key: plain(value) for key, value in finding.to_json().items()} for finding in self.findings
            ],
            "notes": list(self.notes),
            "loss": self.loss,
            "noise": self.noise,
            "precision": self.precision,
            "method": self.method,
            "calls": self.calls,
            "seconds": round(self.seconds, 3),
            "seed": self.seed,
        }
