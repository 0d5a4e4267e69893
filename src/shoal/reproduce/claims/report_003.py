"""What report 003 says, and what is said of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from shoal.report.numbers import decimals, plain_mean, short_number
from shoal.reproduce.claims.judging import ClaimDecision, judge, paired, reported
from shoal.reproduce.evidence import ReproductionData, held
from shoal.statistics.decisions import FAILS, HOLDS, UNDECIDED, above, below, every, slopes
from shoal.statistics.intervals import Interval, mean_interval
from shoal.statistics.prediction import single_run

STUDIES = {"tanh": "003-initialization-tanh", "sigmoid": "003-initialization-sigmoid"}
TENFOLD = 1.0  # in powers of ten: what counts as vanishing, and what no longer as of like size
RATES = 9  # from 1e-9 to 0.1; at 1 and 10 the loss runs away
RATE_STEPS = 4300  # five epochs


@judge
def sigmoid_derivative(evidence: ReproductionData) -> ClaimDecision:
    ratio, ours = evidence.number("sigmoid.ratio"), float(evidence.number("sigmoid.ours")[0])
    right = bool(np.abs(ratio - 2).max() < 1e-12)
    test = (
        "The derivative of 1/(1+exp(-2z)) by complex steps over s(1-s): it holds where the ratio is 2 to "
        "1e-12 at every point, and fails otherwise."
    )
    numbers = (
        f"ratio {short_number(float(ratio.min()), 6)} to {short_number(float(ratio.max()), 6)} at "
        f"{len(ratio)} points",
        f"Shoal's sigmoid of slope 2 is off by {short_number(ours, 2)} at most",
    )
    return ClaimDecision(HOLDS if right else FAILS, test, numbers)


@judge
def cost_includes_l2(evidence: ReproductionData) -> ClaimDecision:
    loss, cost = (
        evidence.finals("003-full-batch", name, variant="three layers")
        for name in ("train_loss", "train_cost")
    )
    final = float(reported("003", "full_batch.cost_final")[0])
    with_l2, without = single_run(cost), single_run(loss)
    inside = [one.low <= final <= one.high for one in (with_l2, without)]
    word = HOLDS if inside == [True, False] else FAILS if inside == [False, True] else UNDECIDED
    start = evidence.finals("003-full-batch", "train_cost", "first", variant="three layers")
    start = start - evidence.finals("003-full-batch", "train_loss", "first", variant="three layers")
    initial = np.diff(
        [reported("003", f"full_batch.cost_{name}")[0] for name in ("initial", "initial_with_l2")]
    )
    test = (
        "The reported final cost against what one more run would give, with L2 and without: it holds where "
        "it can only be the one with L2, fails where it can only be the one without, and is undecided where "
        "it can be either or neither."
    )
    numbers = (
        f"reported final cost {final:.4f}; one more run with L2 {_range(with_l2)}, without {_range(without)}",
        f"L2's part before training: reported {initial[0]:.5f}, ours {start.mean():.5f} (n = {len(start)})",
    )
    return ClaimDecision(word, test, numbers)


def _range(interval: Interval) -> str:
    return f"{decimals(interval.low, 4)} to {decimals(interval.high, 4)}"


@judge
def gradients_vanish(evidence: ReproductionData) -> ClaimDecision:
    words, numbers = [], []
    for activation in STUDIES:
        for sigma in ("0.01", "0.1", "0.8"):
            fall = mean_interval(_fall(evidence, activation, f"normal {sigma}"))
            if sigma == "0.01":
                words.append(above(fall, TENFOLD))
            numbers.append(_decades(f"{activation}, normal {sigma}", fall))
        first, _ = _ends(evidence, activation, "normal 0.01")
        glorot, _ = _ends(evidence, activation, "glorot_normal")
        less = mean_interval(np.log10(glorot / first))
        numbers.append(
            f"{activation}, normal 0.01: the first layer's are {plain_mean(less, 2)} powers of ten "
            "smaller than from Glorot weights"
        )
    test = (
        "The deviation of the weight gradients before training, from the last hidden layer down to the first "
        "behind the linear one: it holds where it falls by more than a power of ten, 95 % interval and all, "
        "for tanh and sigmoid from normal 0.01 weights, and fails where one falls by less."
    )
    cause = (
        "It does for sigmoid. For tanh the layers' inputs shrink on the way up as their derivatives shrink "
        "on the way down, so weight gradients are small alike in every layer."
    )
    return ClaimDecision(every(words), test, tuple(numbers), cause if words == [FAILS, HOLDS] else "")


@judge
def glorot_keeps_gradients(evidence: ReproductionData) -> ClaimDecision:
    words, numbers = [], []
    for activation in STUDIES:
        falls = _fall(evidence, activation, "glorot_normal")
        words.append(below(mean_interval(np.abs(falls)), TENFOLD))
        numbers.append(_decades(f"{activation}, Glorot normal", mean_interval(falls)))
    test = (
        "The same fall from Glorot normal weights: it holds where it is less than a power of ten either "
        "way, 95 % interval and all, for tanh and sigmoid, and fails where one is more."
    )
    word = every(words)
    cause = "It does for tanh; a sigmoid's slope is at most 1/4, which Glorot's rule does not make up for."
    return ClaimDecision(word, test, tuple(numbers), cause if words == [HOLDS, FAILS] else "")


def _fall(evidence: ReproductionData, activation: str, initial: str) -> np.ndarray:
    """Powers of ten from the last hidden layer's gradient deviation to the first's at the start, (seeds,)."""
    first, last = _ends(evidence, activation, initial)
    return np.log10(last / first)


def _ends(evidence: ReproductionData, activation: str, initial: str) -> tuple[np.ndarray, np.ndarray]:
    """Gradient deviations of the first hidden layer behind the linear one and of the last, (seeds,) each."""
    dataset = evidence.result(STUDIES[activation])
    deviation = held(dataset, "gradient_deviation").isel(step=0).sel(initial=initial)
    affine = sorted(
        (n for n in held(dataset, "layer").values if n.startswith("affine")), key=lambda n: int(n[7:])
    )
    first, last = (deviation.sel(layer=name).to_numpy() for name in (affine[1], affine[-2]))
    return first, last


def _decades(name: str, fall: Interval) -> str:
    return f"{name}: a fall of {plain_mean(fall, 2)} powers of ten (n = {fall.n})"


@judge
def rates_carried_on(evidence: ReproductionData) -> ClaimDecision:
    theirs = np.log10(reported("003", "learning_rate.train_loss")[:RATES])
    fresh = np.log10(evidence.finals("003-learning-rate", "train_loss")[:RATES])
    carried = np.log10(
        [
            evidence.finals("003-rates-carried-on", "train_loss", "last", RATE_STEPS * (k + 1))
            for k in range(RATES)
        ]
    )
    away = [np.abs(values - theirs[:, None]).mean(axis=0) for values in (fresh, carried)]
    gap = paired(away[0], away[1])
    word = above(gap)
    test = (
        "How far the reported training losses at the nine rates up to 0.1 lie from ours (mean of |log10 "
        "ratio|), networks begun afresh minus networks trained on, paired by seed: it holds where the 95 % "
        "interval lies above 0 (those trained on are nearer), and fails where it lies below."
    )
    numbers = [
        f"off by a factor of {10 ** mean_interval(values).mean:.3f} on average: {name}"
        for name, values in zip(("begun afresh", "trained on"), away, strict=True)
    ]
    numbers.append(f"difference of the log10 {plain_mean(gap, 4)} (n = {gap.n})")
    for place, rate in ((6, "0.001"), (7, "0.01"), (8, "0.1")):
        numbers.append(
            f"rate {rate}: reported {10 ** theirs[place]:.4g}, begun afresh "
            f"{10 ** fresh[place].mean():.4g}, trained on {10 ** carried[place].mean():.4g}"
        )
    cause = "The reported losses are those of networks begun afresh, whatever the text says."
    return ClaimDecision(word, test, tuple(numbers), cause if word == FAILS else "")


@judge
def loss_grows_with_batch(evidence: ReproductionData) -> ClaimDecision:
    sizes = evidence.levels("003-batch-size", "batch_size")
    loss = evidence.finals("003-batch-size", "train_loss")
    slope = slopes(np.log2(sizes), loss)
    steps = [paired(after, before) for before, after in pairwise(loss)]
    least = min(range(len(steps)), key=lambda i: steps[i].low)
    test = (
        "The slope of the final training loss over log2 of the batch size, one a seed: it holds where its "
        "95 % interval lies above 0, and fails where it lies below."
    )
    numbers = (
        f"{plain_mean(slope, 4)} nat for each doubling (n = {slope.n})",
        f"least sure doubling, from {sizes[least]} to {sizes[least + 1]}: {plain_mean(steps[least], 4)}",
    )
    return ClaimDecision(above(slope), test, numbers)
