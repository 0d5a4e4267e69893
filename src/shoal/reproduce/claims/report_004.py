"""Tests that decide the claims of report 004."""

from __future__ import annotations

from shoal.report.numbers import percent
from shoal.reproduce.claims.judging import (
    MARGIN,
    MARGIN_WORDS,
    ClaimDecision,
    accuracy,
    against,
    difference,
    judge,
    paired,
)
from shoal.reproduce.evidence import ReproductionData, classes
from shoal.statistics.decisions import (
    FAILS,
    HOLDS,
    UNDECIDED,
    above,
    below,
    best_level,
    every,
    slopes,
    within,
)
from shoal.statistics.intervals import Interval, mean_interval

METRIC = "validation_accuracy"
WIDTHS = ("50", "100")


@judge
def rises_then_flattens(evidence: ReproductionData) -> ClaimDecision:
    study = "004-iterations"
    at = {s: evidence.finals(study, METRIC, "last", s, schedule_rate=1e-4) for s in (1000, 4000, 7000, 10000)}
    step = evidence.resolution(study, METRIC)
    early, late = paired(at[4000], at[1000], step), paired(at[10000], at[7000], step)
    less = paired(at[4000] - at[1000], at[10000] - at[7000], 2 * step)
    test = (
        "Validation accuracy at rate 1e-4, paired by seed: it holds where the gain from 1000 to 4000 steps "
        "is above 0 and larger than that from 7000 to 10,000, both 95 % intervals and all, and fails where "
        "one lies below."
    )
    numbers = (
        difference("gain from 1000 to 4000 steps", early),
        difference("gain from 7000 to 10,000 steps", late),
        difference("the first more than the second by", less),
    )
    return ClaimDecision(every([above(early), above(less)]), test, numbers)


@judge
def plateau_from_50(evidence: ReproductionData) -> ClaimDecision:
    widths = evidence.levels("004-hidden-units", "hidden").astype(int)
    values = evidence.finals("004-hidden-units", METRIC)
    wide = widths >= 50
    slope, span = slopes(widths[wide], values[wide]), int(widths[-1] - 50)
    rise = Interval(slope.mean * span, slope.low * span, slope.high * span, slope.n)
    step = evidence.resolution("004-hidden-units", METRIC)
    to_100 = paired(values[list(widths).index(100)], values[list(widths).index(50)], step)
    test = (
        "The slope of validation accuracy over the widths from 50 to 120 units, one a seed, as the rise "
        f"over these 70 units: it holds where its 95 % interval lies within {MARGIN_WORDS}, and fails where "
        "it lies wholly outside."
    )
    numbers = (
        difference("rise from 50 to 120 units by the slope", rise),
        difference("100 units minus 50", to_100),
    )
    return ClaimDecision(within(rise, MARGIN), test, numbers)


@judge
def batch_200_is_best(evidence: ReproductionData) -> ClaimDecision:
    study = "004-batch-size"
    sizes = [int(size) for size in evidence.levels(study, "batch_size")]
    words, numbers = [], []
    for width in WIDTHS:
        values = evidence.finals(study, METRIC, hidden=width)
        gains = against(values, sizes.index(200), evidence.resolution(study, METRIC))
        words += [below(gain) for gain in gains.values()]
        rival = max(gains, key=lambda level: gains[level].mean)
        numbers.append(
            difference(
                f"{width} units: batch 200 minus batch {sizes[rival]}, its closest rival", -gains[rival]
            )
        )
        likely = ", ".join(str(sizes[i]) for i in best_level(values).contenders)
        numbers.append(f"{width} units: best in 95 of 100 bootstrap samples of the seeds: {likely}")
    test = (
        "Validation accuracy at batch 200 minus each other batch, paired by seed, for both widths, variances "
        "pooled over batches, intervals simultaneous for a width: it holds where all lie above 0, and fails "
        "where one lies below."
    )
    return ClaimDecision(every(words), test, tuple(numbers))


@judge
def l2_does_not_raise(evidence: ReproductionData) -> ClaimDecision:
    study = "004-l2"
    levels = evidence.levels(study, "l2")
    gains = {
        f"{width} units, λ {levels[level]:g}": gain
        for width in WIDTHS
        for level, gain in against(
            evidence.finals(study, METRIC, hidden=width), 0, evidence.resolution(study, METRIC)
        ).items()
    }
    raises = [above(gain) == HOLDS for gain in gains.values()]
    small = [below(gain, MARGIN) == HOLDS for gain in gains.values()]
    word = FAILS if any(raises) else HOLDS if all(small) else UNDECIDED
    test = (
        "Validation accuracy with each penalty minus without, paired by seed, for both widths, variances "
        "pooled over penalties, intervals simultaneous for a width: it holds where none reaches above "
        f"{MARGIN_WORDS}, and fails where one lies above 0."
    )
    top = sorted(gains, key=lambda name: -gains[name].high)
    return ClaimDecision(word, test, tuple(difference(f"{name} minus none", gains[name]) for name in top))


@judge
def dropout_lowers(evidence: ReproductionData) -> ClaimDecision:
    study, words, numbers = "004-dropout", [], []
    step = evidence.resolution(study, METRIC)
    for width in WIDTHS:
        whole = evidence.finals(study, METRIC, hidden=width, dropout=0.0)
        for kept in (0.75, 0.5, 0.25):
            loss = paired(evidence.finals(study, METRIC, hidden=width, dropout=1 - kept), whole, step)
            words.append(below(loss))
            numbers.append(difference(f"{width} units: {percent(kept, 0)} % kept minus all kept", loss))
    test = (
        "Validation accuracy with dropout minus without, paired by seed, for three shares and both widths: "
        "it holds where all 95 % intervals lie below 0, and fails where one lies above."
    )
    return ClaimDecision(every(words), test, tuple(numbers))


@judge
def pca_lowers(evidence: ReproductionData) -> ClaimDecision:
    study, words, numbers = "004-pca", [], []
    step = evidence.resolution(study, METRIC)
    for setting in ("1000 steps at 1e-4", "5000 steps at 1e-3"):
        plain = evidence.finals(study, METRIC, pca="none", setting=setting)
        gain = paired(evidence.finals(study, METRIC, pca=1, setting=setting), plain, step)
        words.append(HOLDS if below(gain) == HOLDS else FAILS if above(gain, -MARGIN) == HOLDS else UNDECIDED)
        numbers.append(difference(f"{setting}: 250 components minus none", gain))
    test = (
        "Validation accuracy with 250 components minus with all pixels, paired by seed, at both of the "
        "report's settings: it holds where both 95 % intervals lie below 0, and fails where one excludes a "
        f"loss of {MARGIN_WORDS}."
    )
    return ClaimDecision(every(words), test, tuple(numbers))


@judge
def pca_untuned(evidence: ReproductionData) -> ClaimDecision:
    study = "004-pca-rate"
    rates = evidence.levels(study, "schedule_rate")
    step = evidence.resolution(study, METRIC)
    with_pca, plain = (evidence.finals(study, METRIC, pca=place) for place in (1, "none"))
    best = int(with_pca.mean(axis=1).argmax())
    gain = against(with_pca, 0, step).get(best, Interval(0.0, 0.0, 0.0, with_pca.shape[1]))
    other = paired(with_pca[best], plain[int(plain.mean(axis=1).argmax())], step)
    test = (
        "With 250 components and 4000 steps, validation accuracy at the best of four rates minus at the "
        "report's first, 1e-4, paired by seed, the interval simultaneous: the doubt holds where it lies "
        "above 0 (tuning would have mattered), and fails where it does not reach above it."
    )
    numbers = (
        difference(f"rate {rates[best]:g} minus rate 1e-4, 250 components", gain),
        difference("250 components at their best rate minus all pixels at theirs", other),
    )
    return ClaimDecision(above(gain), test, numbers)


STUDY = "004-depth"
DEEP = {"4 layers": "50-50-50", "5 layers": "50-50-50-50"}
SMALL, HE = "normal 0.0001", "he_normal"


@judge
def deep_overfit(evidence: ReproductionData) -> ClaimDecision:
    words, numbers = [], []
    step = evidence.resolution(STUDY, "train_accuracy")
    for name, hidden in DEEP.items():
        train, held_out = (
            evidence.finals(STUDY, f"{part}_accuracy", hidden=hidden, initial=SMALL)
            for part in ("train", "validation")
        )
        knows = mean_interval(train - _chance(evidence), resolution=step)
        words.append(above(knows, MARGIN))
        numbers.append(accuracy(f"{name} from {SMALL} weights, training images", train, step))
        numbers.append(accuracy(f"{name} from {SMALL} weights, validation images", held_out, step))
        he = evidence.finals(STUDY, "train_accuracy", hidden=hidden, initial=HE)
        numbers.append(accuracy(f"{name} from He weights, training images", he, step))
    word = every(words)
    test = (
        "A network that overfits knows its training images. Training accuracy minus chance, four and five "
        "layers from the report's weights: it holds where both 95 % intervals lie above "
        f"{percent(MARGIN, 0)} point, and fails where one lies below."
    )
    cause = "They are at chance on training images too; the same networks train from He weights."
    return ClaimDecision(word, test, tuple(numbers), cause if word == FAILS else "")


@judge
def deep_initialization(evidence: ReproductionData) -> ClaimDecision:
    words, numbers = [], []
    step = evidence.resolution(STUDY, "validation_accuracy")
    for name, hidden in DEEP.items():
        ever = evidence.finals(STUDY, "train_accuracy", "max", hidden=hidden, initial=SMALL)
        words.append(within(mean_interval(ever - _chance(evidence), resolution=step), MARGIN))
        numbers.append(
            accuracy(f"{name} from {SMALL} weights, highest training accuracy of all records", ever, step)
        )
        he, small = (
            evidence.finals(STUDY, "validation_accuracy", hidden=hidden, initial=initial)
            for initial in (HE, SMALL)
        )
        gain = paired(he, small, step)
        words.append(above(gain))
        numbers.append(difference(f"{name}, validation accuracy from He weights minus {SMALL}", gain))
    test = (
        "Four and five layers: it holds where the highest training accuracy of all records after the start "
        f"lies within {MARGIN_WORDS} of chance from the report's weights, and validation accuracy from He "
        "weights is above theirs, paired by seed, all 95 % intervals and all; it fails where one of these "
        "fails."
    )
    return ClaimDecision(every(words), test, tuple(numbers))


def _chance(evidence: ReproductionData) -> float:
    return 1 / classes(evidence.result(STUDY))
