"""What a diagnosis says: whether the gradients are right; if not, which mistakes give the user's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shoal.doctor.mistake import Mistake
from shoal.gradients.rendering import Rendered
from shoal.gradients.verdict import Verdict, plain


@dataclass(frozen=True)
class Cause:
    """A mistake that explains wrong numbers.

    `where` lists the places: (layer, "dx" or a parameter), (loss, "dscores") or ("network", "gradients").
    `agreement` is the largest difference between the user's numbers and those of our backward pass with the
    mistake planted, as a share of the largest number of the block. `blocks` are wrong because of it, those in
    `own` by their own formula, the others because of what is handed to them. `equivalents` are other mistakes
    of the catalogue that give the same numbers here. `note` says which reading of the mistake it is.
    """

    mistake: Mistake
    where: tuple[tuple[str, str], ...]
    agreement: float
    blocks: tuple[str, ...]
    own: tuple[str, ...]
    equivalents: tuple[str, ...] = ()
    note: str = ""

    @property
    def harmless(self) -> bool:
        """A choice as good as ours, where no derivative exists."""
        return self.mistake.harmless

    def to_json(self) -> dict[str, Any]:
        m = self.mistake
        return {
            "mistake": m.name,
            "title": m.title,
            "sentence": m.sentence,
            "equation": m.equation,
            "remedy": m.remedy,
            "page": m.page,
            "where": [list(place) for place in self.where],
            "agreement": plain(self.agreement),
            "blocks": list(self.blocks),
            "own": list(self.own),
            "equivalents": list(self.equivalents),
            "note": self.note,
            "harmless": self.harmless,
        }


@dataclass(frozen=True)
class BlockDiagnosis:
    """One parameter of one layer.

    `error` is the largest difference from the true gradient as a share of the largest entry of both (so at
    most 2; infinite where a number is missing). `worst_index` is where, `came` and `true` the two values
    there. `because` names the mistakes.
    """

    layer: str
    parameter: str
    shape: tuple[int, ...]
    error: float
    verdict: Verdict
    worst_index: tuple[int, ...]
    came: float
    true: float
    because: tuple[str, ...] = ()
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.layer}.{self.parameter}"

    def to_json(self) -> dict[str, Any]:
        return {key: plain(value) for key, value in self.__dict__.items()}


@dataclass(frozen=True)
class Segment:
    """Wrong numbers that no mistake of the catalogue gives: where to look, and which blocks show it."""

    layers: tuple[str, ...]
    blocks: tuple[str, ...]
    note: str

    def to_json(self) -> dict[str, Any]:
        return {"layers": list(self.layers), "blocks": list(self.blocks), "note": self.note}


@dataclass(frozen=True)
class Diagnosis(Rendered):
    """The doctor's word on someone's gradients of a network's cost.

    `points` counts where they were held against the true ones, `precision` is the rounding of the arrays
    that came, `remarks` is what else was noticed. `names` are the user's own names of the blocks, where they
    differ.
    """

    causes: tuple[Cause, ...]
    blocks: tuple[BlockDiagnosis, ...]
    unexplained: tuple[Segment, ...]
    examples: int
    l2: float
    points: int
    precision: float
    seconds: float
    remarks: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """No block is wrong, but for choices where no derivative exists."""
        return not self.wrong and not self.unexplained and all(c.harmless for c in self.causes)

    @property
    def wrong(self) -> tuple[BlockDiagnosis, ...]:
        return tuple(block for block in self.blocks if block.verdict is Verdict.WRONG)

    def block(self, layer: str, parameter: str) -> BlockDiagnosis:
        """The block of that name. Raises KeyError."""
        for block in self.blocks:
            if (block.layer, block.parameter) == (layer, parameter):
                return block
        raise KeyError(f"{layer}.{parameter}")

    def to_json(self) -> dict[str, Any]:
        """Numbers, strings and lists only; what is infinite or not a number becomes its name."""
        return {
            "ok": self.ok,
            "causes": [cause.to_json() for cause in self.causes],
            "unexplained": [segment.to_json() for segment in self.unexplained],
            "blocks": [block.to_json() for block in self.blocks],
            "examples": self.examples,
            "l2": self.l2,
            "points": self.points,
            "precision": self.precision,
            "remarks": list(self.remarks),
            "names": dict(self.names),
            "seconds": round(self.seconds, 3),
        }
