"""Mistakes that give the same numbers, and so count as one.

They are not looked up but found: what a diagnosis claims is planted in the suite's own code, in every
variant, and where that gives the very numbers that were handed over, the claim is as good as the mistake
that was planted. ALWAYS and AT_ONE_BATCH say why such pairs exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

import numpy as np

from .case import Case
from .catalogue import ENTRIES
from .options import at_all, everywhere, single, sites
from .point import SAME, differs, gradients_at, rounding
from .slip import Slip
from .specimen import Specimen

Claim = tuple[str, frozenset[str]]  # a mistake's name, and the layers where it is said to be
MOST = 3000  # combinations of variants tried for one diagnosis

ALWAYS = (  # where the network is so
    (
        "l2-on-one-layer-only",
        "l2-missing",
        "The L2 term on one layer only is the L2 term missing on all others; with two affine layers, on one.",
    ),
    (
        "dropout-scale-missing",
        "sigmoid-slope-missing",
        "Both multiply dx by a number, keep and 1/slope, with no parameter between: one if slope keep = 1.",
    ),
    (
        "batch-norm-paths-missing",
        "batch-norm-variance-path-missing + batch-norm-mean-path-missing",
        "Both paths left out together are the two left out one by one.",
    ),
    (
        "one-over-n-twice",
        "batch-norm-dgamma-mean + batch-norm-dbeta-mean + one-over-n-twice of every dW and db",
        "1/N twice at the loss reaches every parameter once.",
    ),
    (
        "one-over-n-twice of one dW and db",
        "bias-mean",
        "Where dW is zero but for its L2 term: a layer whose inputs are all zero.",
    ),
    (
        "sign-flipped of everything",
        "sign-flipped at the loss + l2-wrong-sign",
        "The L2 term is what the loss's sign does not reach; with l2 = 0 both are sign-flipped.",
    ),
    (
        "batch-norm-gamma-missing",
        "batch-norm-gamma-twice",
        "1 and gamma^2 in place of gamma are one where gamma is -1 (and no mistake where it is 1).",
    ),
    (
        "relu-mask-missing",
        "relu-mask-of-other-layer",
        "A layer whose units are all above zero lends a mask of ones.",
    ),
    (
        "batch-norm-paths-missing",
        "batch-norm-running-statistics",
        "Running statistics taken as constants, where they happen to equal the batch's.",
    ),
)
AT_ONE_BATCH = (  # as arrays; a function is seen at batches of several sizes
    ("l2-halved", "l2-divided-by-n", "With 2 examples, N is 2."),
    ("loss-factor-missing", "one-over-n-twice", "With 2 examples, 1/N takes the factor 2 away."),
    ("loss-factor-missing", "one-over-n-wrong-count", "Divided by a count that happens to be 2 N."),
    ("one-over-n-missing", "one-over-n-wrong-count", "With 2 examples, N - 1 is 1."),
    ("one-over-n-twice", "one-over-n-wrong-count", "Divided by a count that happens to be N^2: 100 for 10."),
    (
        "accumulated",
        "one-over-n-wrong-count",
        "Twice the gradient: the batch before was this one, and l2 = 0.",
    ),
)


def reproduces(case: Case, claims: Sequence[Claim], as_arrays: bool) -> bool:
    """Whether the claimed mistakes, planted by the suite, give the numbers that were handed over.

    Arrays are compared at the one point they belong to, functions at three.
    """
    if any(name not in ENTRIES for name, _ in claims) or not claims:
        return False
    points = (case.point,) if as_arrays else (case.point, *case.others)
    with np.errstate(all="ignore"):
        came = [gradients_at(case.net, point, case.slips) for point in points]
        noise = [rounding(case.net, point) for point in points]
        options = [list(claimed(case.net, name, layers)) for name, layers in claims]
        return any(
            all(
                not differs(gradients_at(case.net, point, slips), g, floor, SAME)
                for point, g, floor in zip(points, came, noise, strict=True)
            )
            for slips in islice(product(*options), MOST)
        )


def claimed(net: Specimen, name: str, layers: frozenset[str]) -> Iterator[Slip]:
    """The slips that a claim may mean: the mistake at just these layers, in any variant."""
    entry = ENTRIES[name]
    tried = set()
    for slip in _candidates(net, name, layers):
        whole = entry.kind in ("loss", "whole") and layers <= {net.loss, "network"}
        anywhere = whole and set(slip.at) <= {net.loss, "network"}
        if (anywhere or set(slip.at) == layers or _lacking(net, slip) == layers) and slip not in tried:
            tried.add(slip)
            yield slip


def _candidates(net: Specimen, name: str, layers: frozenset[str]) -> Iterator[Slip]:
    yield from single(net, name)
    if name in ("layers-swapped", "l2-on-one-layer-only"):
        return
    yield from everywhere(net, name)
    for variant in ENTRIES[name].variants:
        at = tuple(layer for layer in sites(net, ENTRIES[name], variant) if layer in layers)
        if len(at) > 1:
            yield at_all(net, name, at, variant)


def _lacking(net: Specimen, slip: Slip) -> frozenset[str]:
    if slip.name != "l2-on-one-layer-only":
        return frozenset()
    return frozenset(part.name for part in net.of_kind("affine") if part.name not in slip.at)
