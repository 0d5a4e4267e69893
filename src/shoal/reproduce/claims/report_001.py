"""What report 001 says, and what is said of it."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri

from shoal.report.numbers import percent, points, short_number
from shoal.reproduce.claims.judging import (
    MARGIN,
    MARGIN_WORDS,
    ClaimDecision,
    accuracy,
    against,
    difference,
    judge,
    paired,
    reported,
)
from shoal.reproduce.evidence import ReproductionData, classes
from shoal.statistics.decisions import FAILS, HOLDS, UNDECIDED, above, best_level, every, within
from shoal.statistics.intervals import mean_interval

INITIAL = {"He": "he_normal", "normal 0.01": "normal 0.01", "normal 0.001": "normal 0.001"}
SIGMAS = ("normal 0.1", "normal 0.001", "normal 0.0001")
SMALL = 0.02  # of differences between penalties: two points


@judge
def deeper_networks_train(evidence: ReproductionData) -> ClaimDecision:
    step = evidence.resolution("001-nine-layer", "test_accuracy")
    words, numbers = [], []
    for name, initial in INITIAL.items():
        on, off = (_nine(evidence, normed, initial) for normed in (True, False))
        gain = paired(on, off, step)
        words.append(above(gain))
        numbers.append(difference(f"nine layers from {name} weights, batch norm on minus off", gain))
    test = (
        "Nine layers, test accuracy with batch norm minus without, paired by seed, from each of three "
        "initial weights: it holds where all 95 % intervals lie above 0, and fails where one lies below."
    )
    return ClaimDecision(every(words), test, tuple(numbers))


@judge
def nine_layers_at_chance(evidence: ReproductionData) -> ClaimDecision:
    chance = 1 / classes(evidence.result("001-nine-layer"))
    step = evidence.resolution("001-nine-layer", "test_accuracy")
    words, numbers = [], []
    for name, initial in INITIAL.items():
        values = _nine(evidence, False, initial)
        words.append(within(mean_interval(values - chance, resolution=step), MARGIN))
        numbers.append(accuracy(f"nine layers without batch norm from {name} weights", values, step))
    word = every(words)
    test = (
        f"Test accuracy without batch norm minus chance ({percent(chance, 0)} %), from each of three initial "
        f"weights: it holds where all 95 % intervals lie within {MARGIN_WORDS}, and fails where one lies "
        "wholly outside."
    )
    cause = "It is the initial weights: small normal ones leave it at chance, He weights train it."
    return ClaimDecision(
        word, test, tuple(numbers), cause if words[0] == FAILS and HOLDS in words[1:] else ""
    )


def _nine(evidence: ReproductionData, batch_norm: bool, initial: str) -> np.ndarray:
    return evidence.finals("001-nine-layer", "test_accuracy", batch_norm=batch_norm, initial=initial)


@judge
def insensitive_to_sigma(evidence: ReproductionData) -> ClaimDecision:
    study, metric = "001-sensitivity", "test_accuracy"
    step = evidence.resolution(study, metric)
    on, off = (
        [evidence.finals(study, metric, batch_norm=normed, initial=sigma) for sigma in SIGMAS]
        for normed in (True, False)
    )
    pairs = [(0, 1), (0, 2), (1, 2)]
    gaps = [paired(on[i], on[j], step) for i, j in pairs]
    numbers = [
        difference(f"with batch norm, {SIGMAS[i]} minus {SIGMAS[j]}", gap)
        for (i, j), gap in zip(pairs, gaps, strict=True)
    ]
    without = paired(off[0], off[2], step)
    numbers.append(difference(f"without batch norm, {SIGMAS[0]} minus {SIGMAS[2]}", without))
    test = (
        "Test accuracies at three deviations, paired by seed: it holds where all three differences with "
        f"batch norm lie within {MARGIN_WORDS}, intervals and all, and that between the largest and the "
        "smallest without batch norm does not."
    )
    contrast = above(without, MARGIN)
    return ClaimDecision(every([*(within(gap, MARGIN) for gap in gaps), contrast]), test, tuple(numbers))


@judge
def small_differences(evidence: ReproductionData) -> ClaimDecision:
    values = evidence.finals("001-search", "validation_accuracy")
    levels = evidence.levels("001-search", "l2")
    means = values.mean(axis=1)
    best = int(means.argmax())
    gaps = against(values, best, evidence.resolution("001-search", "validation_accuracy"))
    worst = min(gaps, key=lambda level: gaps[level].mean)
    word = every(within(gap, SMALL) for gap in gaps.values())
    test = (
        "Validation accuracy of the best of fifty penalties minus each other, paired by seed, variances "
        "pooled over penalties, intervals simultaneous over all 49: it holds where none reaches beyond "
        f"{percent(SMALL, 0)} points, and fails where one lies wholly beyond."
    )
    numbers = (
        f"largest difference: {points(-gaps[worst])}, λ {short_number(float(levels[best]))} against "
        f"{short_number(float(levels[worst]))}",
        f"means from {percent(means.min())} to {percent(means.max())} %",
    )
    return ClaimDecision(word, test, numbers)


@judge
def gaps_below_spread(evidence: ReproductionData) -> ClaimDecision:
    values = evidence.finals("001-search", "validation_accuracy")
    levels = evidence.levels("001-search", "l2")
    gaps = -np.diff(reported("001", "search_validation"))
    freedom = values.shape[0] * (values.shape[1] - 1)
    spread = np.sqrt(2 * values.var(axis=1, ddof=1).mean())  # of the difference of two single runs
    low, high = (spread * np.sqrt(freedom / chdtri(freedom, tail)) for tail in (0.025, 0.975))
    below, beyond = int((gaps < low).sum()), int((gaps > high).sum())
    half = len(gaps) / 2
    word = HOLDS if below > half else FAILS if beyond > half else UNDECIDED
    rank = best_level(values)
    best, (first, last) = short_number(float(levels[rank.best])), rank.ranks[rank.best]
    test = (
        "The nine gaps between the ten best penalties as reported, against the standard deviation between "
        "two single runs of one penalty here (pooled over penalties, with its 95 % interval): it holds "
        "where more than half of the gaps are below the interval, and fails where more than half are above "
        "it."
    )
    numbers = (
        f"standard deviation of the difference of two runs: {percent(spread)} points ({percent(low)} to "
        f"{percent(high)})",
        f"{below} of {len(gaps)} gaps are below it; the largest is {percent(gaps.max())} points",
        f"{len(rank.contenders)} of {len(levels)} penalties are the best of 95 in 100 bootstrap samples of "
        f"the {values.shape[1]} seeds; the best mean is at λ {best}, whose rank is {first:.0f} to {last:.0f}",
    )
    return ClaimDecision(word, test, numbers)
