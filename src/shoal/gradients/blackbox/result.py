"""What a black-box check found: one verdict for each block, and what the numbers and the calls give away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shoal.gradients.patterns import Finding
from shoal.gradients.plain import plain
from shoal.gradients.rendering import Rendered
from shoal.gradients.verdict import Verdict


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
