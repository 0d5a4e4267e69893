"""Whether a fit is more than chance: every entry that agrees, beyond those fitted, counts its digits.

digits = sum over entries of log10(size of what the model explains / tolerance there),
         the best as many as there are fitted numbers left out
"""

from __future__ import annotations

from dataclasses import dataclass

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
