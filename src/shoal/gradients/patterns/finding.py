"""A pattern found in a wrong gradient, and whether it is more than chance.

Every entry that agrees, beyond those fitted, counts its digits:

digits = sum over entries of log10(size of what the model explains / tolerance there),
         the best as many as there are fitted numbers left out
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

AGREE = 1e-5  # a pattern must fit every entry to this share of the entry (where the reference is that good)
SLACK = 10.0  # or to this many estimated errors of the reference
ENOUGH = 6.0  # digits of agreement needed before a pattern is named
EACH = 4.0  # digits that one entry may count for at most


@dataclass(frozen=True)
class Fit:
    """How well `predicted` describes what came: digits of evidence, and what it leaves of it."""

    fits: bool
    digits: float
    agreement: float


def judge(
    came: np.ndarray, predicted: np.ndarray, without: np.ndarray, errors: np.ndarray, fitted: int
) -> Fit:
    """`came` against `predicted`, known to within `errors`, after `fitted` numbers were fitted to it.

    `without` is what one would expect without the pattern. Entries in which pattern and no pattern say the
    same are no evidence. All arrays are flat.
    """
    if came.size == 0 or not np.all(np.isfinite(came)):
        return Fit(False, 0.0, np.inf)
    off = np.abs(came - predicted)
    size = np.maximum(np.abs(came), np.abs(predicted))
    typical = float(np.sqrt(np.mean(size**2)))
    tolerance = AGREE * size + SLACK * errors + 1e-12 * typical
    told = np.abs(predicted - without) > 2 * tolerance
    norm = float(np.sqrt(np.sum(came**2)))
    agreement = float(np.sqrt(np.sum(off**2))) / norm if norm else (0.0 if not off.any() else np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.log10(np.abs(predicted - without)[told] / tolerance[told])
    each = np.sort(np.minimum(each, EACH))
    digits = float(np.sum(each[: max(len(each) - fitted, 0)]))
    return Fit(bool(np.all(off <= tolerance)), digits, agreement)


@dataclass(frozen=True)
class Finding:
    """A pattern with its name (a slug), a sentence, and the blocks it was found in.

    `numbers` are what was fitted: "factor" f and "weights" c in came = f true + c W. `agreement` is what the
    pattern leaves unexplained, as a share of the gradient that came. A `harmless` one makes nothing wrong.
    """

    name: str
    sentence: str
    blocks: tuple[str, ...]
    numbers: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    agreement: float = 0.0
    harmless: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sentence": self.sentence,
            "blocks": list(self.blocks),
            "numbers": dict(self.numbers),
            "agreement": self.agreement,
            "harmless": self.harmless,
        }


@dataclass(frozen=True, eq=False)
class Block:
    """One parameter: its `value`, the gradient that `came`, the `true` one (NaN where not known) and the
    `error` of the true one. All of one shape; `error` may be one number."""

    name: str
    value: np.ndarray
    came: np.ndarray
    true: np.ndarray
    error: np.ndarray | float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        return self.came.shape

    @cached_property
    def known(self) -> np.ndarray:
        """Where the true gradient is known at all."""
        errors = np.broadcast_to(self.error, self.shape)
        return np.isfinite(self.true) & np.isfinite(errors)

    @cached_property
    def errors(self) -> np.ndarray:
        """The error of the true gradient in each entry."""
        return np.broadcast_to(np.asarray(self.error, dtype=np.float64), self.shape)
