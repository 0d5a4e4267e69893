"""What report 004 says of four and five layers, and what is said of that."""

from __future__ import annotations

from shoal.report.numbers import percent
from shoal.reproduce.claims.judging import (
    MARGIN,
    MARGIN_WORDS,
    Judgement,
    accuracy,
    difference,
    judge,
    paired,
)
from shoal.reproduce.evidence import Evidence, classes
from shoal.statistics.decisions import FAILS, above, every, within
from shoal.statistics.intervals import mean_interval

STUDY = "004-depth"
DEEP = {"4 layers": "50-50-50", "5 layers": "50-50-50-50"}
SMALL, HE = "normal 0.0001", "he_normal"


@judge
def deep_overfit(evidence: Evidence) -> Judgement:
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
    return Judgement(word, test, tuple(numbers), cause if word == FAILS else "")


@judge
def deep_initialization(evidence: Evidence) -> Judgement:
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
    return Judgement(every(words), test, tuple(numbers))


def _chance(evidence: Evidence) -> float:
    return 1 / classes(evidence.result(STUDY))
