"""What a gradient check found: one verdict for each parameter block, and which layer is to blame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shoal.gradients.networks.local import LayerCheck
from shoal.gradients.verdict import Verdict, plain


@dataclass(frozen=True)
class BlockCheck:
    """One parameter of one layer.

    `error_difference` and `error_autodiff` are the largest relative errors |a - n| / (|a| + |n|) among the
    entries that each reference can resolve; None where it can resolve none (a vanishing gradient, or one
    that is zero). `worst_index` is the entry with the largest error, `analytic` and `reference` its two
    values. `probed` entries of `size`, and `directions` through the whole block, were held against
    differences; every entry was held against autodiff. `below_floor` of the probes were too small for
    differences to resolve and agree to within their error; `corners` sit on a corner; `reprobed` crossed
    one at first and were probed again with a smaller step.
    """

    layer: str
    parameter: str
    shape: tuple[int, ...]
    error_difference: float | None
    error_autodiff: float | None
    worst_index: tuple[int, ...] | None
    analytic: float | None
    reference: float | None
    probed: int
    directions: int
    below_floor: int
    reprobed: int
    corners: int
    verdict: Verdict
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Numbers, strings and lists only; what is infinite or not a number becomes its name."""
        return {key: plain(value) for key, value in self.__dict__.items()}


@dataclass(frozen=True)
class GradientCheck:
    """A network's hand-written gradient against central differences and autodiff, at one point."""

    network: str
    seed: int
    blocks: tuple[BlockCheck, ...]
    layers: tuple[LayerCheck, ...]
    examples: int
    l2: float
    parameters: int
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.wrong and not self.culprits

    @property
    def wrong(self) -> tuple[BlockCheck, ...]:
        """The blocks whose gradient is wrong."""
        return tuple(block for block in self.blocks if block.verdict is Verdict.WRONG)

    @property
    def culprits(self) -> tuple[str, ...]:
        """The layers whose own backward is wrong; the loss, or "cost", if it is theirs."""
        return tuple(check.layer for check in self.layers if not check.ok)

    @property
    def probed(self) -> int:
        return sum(block.probed for block in self.blocks)

    @property
    def directions(self) -> int:
        return sum(block.directions for block in self.blocks)

    @property
    def worst(self) -> float:
        """The largest relative error of all."""
        return max(self._errors(), default=0.0)

    def block(self, layer: str, parameter: str) -> BlockCheck:
        """The block of that name. Raises KeyError."""
        for block in self.blocks:
            if (block.layer, block.parameter) == (layer, parameter):
                return block
        raise KeyError(f"{layer}.{parameter}")

    def to_json(self) -> dict[str, Any]:
        """The record of a run's report, with what else is known."""
        return {
            "network": self.network,
            "seed": self.seed,
            "ok": self.ok,
            "blocks": [block.to_json() for block in self.blocks],
            "culprits": list(self.culprits),
            "layers": [
                {"layer": c.layer, "error": plain(c.error), "part": c.part, "ok": c.ok} for c in self.layers
            ],
            "examples": self.examples,
            "l2": self.l2,
            "parameters": self.parameters,
            "probed": self.probed,
            "seconds": round(self.seconds, 3),
        }

    def _errors(self) -> Iterator[float]:
        for block in self.blocks:
            yield from (e for e in (block.error_difference, block.error_autodiff) if e is not None)
