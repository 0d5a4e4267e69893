"""What is said of report 000's gradient tables."""

from __future__ import annotations

import numpy as np

from shoal.report.numbers import counted, short_number
from shoal.reproduce.claims.judging import ClaimDecision, judge, reported
from shoal.reproduce.evidence import ReproductionData
from shoal.statistics.decisions import FAILS, HOLDS, UNDECIDED
from shoal.statistics.prediction import single_run

BIASES = ("2_layer_bn.b.0", "3_layer_bn.b.0", "3_layer_bn.b.1")
WEIGHTS = ("2_layer_bn.W.0", "3_layer_bn.W.0", "3_layer_bn.W.1")
ZERO = 1e-12  # of a gradient in float64, beside the weights' own


@judge
def bias_before_batch_norm(evidence: ReproductionData) -> ClaimDecision:
    ratios = np.concatenate(
        [evidence.number(f"size.{b}") / evidence.number(f"size.{b.replace('.b.', '.W.')}") for b in BIASES]
    )
    errors = np.concatenate([evidence.number(f"right.{b}") for b in BIASES])
    word = HOLDS if ratios.max() < ZERO else FAILS
    test = (
        "The largest gradient of a bias in front of batch norm, as a share of the largest of its weights: "
        f"it holds where that is below {ZERO:g} (rounding) at every point, and fails otherwise."
    )
    numbers = (
        f"largest share of {len(ratios)}: {short_number(ratios.max(), 2)}",
        f"relative errors of these right gradients: {short_number(errors.min(), 2)} to "
        f"{short_number(errors.max(), 2)}",
    )
    return ClaimDecision(word, test, numbers)


@judge
def errors_before_batch_norm(evidence: ReproductionData) -> ClaimDecision:
    theirs = [reported("000", f"gradient_{name}")[0] for name in WEIGHTS]
    limits = [10 ** single_run(np.log10(evidence.number(f"smooth.{name}"))).high for name in WEIGHTS]
    above = [figure > limit for figure, limit in zip(theirs, limits, strict=True)]
    crossed = np.concatenate([_crossed(evidence, name) for name in WEIGHTS])
    word = HOLDS if all(above) else FAILS if not any(above) else UNDECIDED
    test = (
        "The three reported errors against what one more check of a right gradient would give where no "
        "difference crosses a corner of a ReLU: it holds where all lie above its 95 % interval, and fails "
        "where none does."
    )
    numbers = [
        f"{name.replace('_layer_bn', ' layers').replace('.W.0', ', W1').replace('.W.1', ', W2')}: reported "
        f"{short_number(figure, 2)}, a right gradient without crossings at most {short_number(limit, 2)}"
        for name, figure, limit in zip(WEIGHTS, theirs, limits, strict=True)
    ]
    if crossed.size:
        numbers.append(
            f"right gradients at {counted(crossed.size, 'point')} where differences crossed a corner: "
            f"{short_number(crossed.min(), 2)} to {short_number(crossed.max(), 2)}"
        )
    cause = "A few crossings make errors of this size out of a right gradient." if crossed.size else ""
    return ClaimDecision(word, test, tuple(numbers), cause if word == HOLDS else "")


def _crossed(evidence: ReproductionData, name: str) -> np.ndarray:
    """Errors at the points where some difference crossed a corner."""
    return evidence.number(f"right.{name}")[evidence.number(f"corners.{name}") > 0]
