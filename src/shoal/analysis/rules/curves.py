"""What the curves alone show: divergence, no learning, over- and underfitting."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr

from shoal.analysis.factors import by_cell
from shoal.analysis.final import resolution
from shoal.analysis.findings import Rule, RuleResult, whole_networks
from shoal.analysis.inside import HealthData

DIVERGENCE = Rule(
    "divergence",
    "Divergence",
    "The loss became infinite or not a number.",
    "the loss was lost",
    0.0,
    "for good",
    "Lower the rate, start from smaller weights, or use batch norm.",
    needs_health=False,
)
NO_LEARNING = Rule(
    "no-learning",
    "No learning at all",
    "The final accuracy lies within the 99 % binomial interval of guessing.",
    "final accuracy",
    0.99,
    "{:.1%}",
    "Read the other findings first: they often say why. Else check labels, inputs and the rate.",
    needs_health=False,
)
OVERFITTING = Rule(
    "overfitting",
    "Overfitting",
    "The validation loss ended a tenth or more above its lowest, while the training loss fell on.",
    "validation loss above its lowest by",
    0.1,
    "{:.0%}",
    "Stop earlier, raise l2, add dropout, or use more training data.",
    needs_health=False,
)
UNDERFITTING = Rule(
    "underfitting",
    "Underfitting",
    "The training loss has all but stopped falling above half of that of guessing, and the validation loss "
    "is at most a tenth above it.",
    "training loss left",
    0.5,
    "{:.0%} of that of guessing",
    "Lower l2 and dropout, use wider or more layers, or another rate.",
    needs_health=False,
)
STILL = 0.02  # of the loss: what it may fall by over the last quarter and still count as standing
LEVEL = 0.99  # of the binomial interval of chance


def divergence(inside: HealthData) -> RuleResult | None:
    holds = inside.finished & inside.diverged
    return whole_networks(DIVERGENCE, holds, np.ones(holds.shape), step=inside.diverged_step)


def no_learning(inside: HealthData) -> RuleResult | None:
    """Members whose last accuracy on validation (else training) data guessing may reach; a regression that
    predicts one constant."""
    name = "validation_accuracy" if inside.has("validation_accuracy") else "train_accuracy"
    if not inside.has(name):
        return _constant(inside)
    guess, step = inside.chance, resolution(inside.dataset, name)
    if guess == 0 or step == 0:
        return None
    low, high = chance_interval(round(1 / step), guess, _commonest(inside, name))
    accuracy = inside.at_end(inside.curve(name))
    with np.errstate(invalid="ignore"):
        holds = inside.sound & (accuracy <= high + 1e-6)
    note = f"guessing reaches {low:.1%} to {high:.1%}"
    return whole_networks(NO_LEARNING, holds, accuracy, low=True, note=note)


def chance_interval(n: int, guess: float, commonest: float = 0.0) -> tuple[float, float]:
    """Accuracies on n examples that guessing reaches in 99 of 100 cases.

    From guessing among all classes alike (probability `guess` to be right) to naming the commonest class.
    """
    k = np.arange(n + 1)
    low = int(np.argmax(bdtr(k, n, guess) > (1 - LEVEL) / 2))
    high = int(np.argmax(bdtr(k, n, max(guess, commonest)) >= (1 + LEVEL) / 2))
    return low / n, high / n


def overfitting(inside: HealthData) -> RuleResult | None:
    if not inside.has("validation_loss", "train_loss"):
        return None
    loss = inside.curve("validation_loss")
    end = inside.at_end(loss)
    safe = np.where(np.isfinite(loss), loss, np.inf)
    at = safe.argmin(axis=-1)[..., None]
    lowest = np.take_along_axis(safe, at, -1)[..., 0]
    then = np.take_along_axis(inside.train_loss, at, -1)[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        above = end / lowest - 1
        holds = inside.sound & (above >= OVERFITTING.threshold) & (inside.at_end(inside.train_loss) < then)
    return whole_networks(OVERFITTING, holds, above)


def underfitting(inside: HealthData) -> RuleResult | None:
    """Not of networks that learned nothing or whose rate or gradients are at fault: see `health`."""
    if not inside.has("train_loss"):
        return None
    end = inside.at_end(inside.train_loss)
    before = _quarter_before(inside)
    with np.errstate(invalid="ignore", divide="ignore"):
        holds = inside.barely_trained & (end >= (1 - STILL) * before)
        if inside.has("validation_loss"):
            holds &= inside.at_end(inside.curve("validation_loss")) <= 1.1 * end
        left = end / inside.chance_loss
    return whole_networks(UNDERFITTING, holds, left)


def _quarter_before(inside: HealthData) -> np.ndarray:
    """The training loss at the last record that lies a quarter of the training or more before the end."""
    found = np.empty(inside.finished.shape)
    for cell, last in enumerate(inside.last):
        early = np.flatnonzero(inside.recorded[cell] & (inside.steps <= 0.75 * inside.steps[last]))
        found[cell] = inside.train_loss[cell][:, early[-1] if early.size else 0]
    return found


def _commonest(inside: HealthData, name: str) -> float:
    """The share of the commonest class, where the result says it."""
    part = name.removesuffix("_accuracy")
    return max((float(one.get("commonest_class", {}).get(part, 0.0)) for one in inside.data), default=0.0)


def _constant(inside: HealthData) -> RuleResult | None:
    if not inside.has("collapsed", "prediction_span"):
        return None
    collapsed = by_cell(inside.dataset, inside.dataset["collapsed"].astype(bool)) & inside.sound
    span = by_cell(inside.dataset, inside.dataset["prediction_span"]).astype(np.float64)
    return whole_networks(NO_LEARNING, collapsed, span, low=True, note="one constant for every input")
