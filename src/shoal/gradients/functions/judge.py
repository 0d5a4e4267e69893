"""The verdict on every block: screened, judged again a little away where a corner may be to blame.

Rounding bounds say how far the given gradient may be off. Parameters in float32 are handed over in float64
where the loss takes them, which makes slopes known better; the complex step gives some slopes exactly.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from shoal.errors import GradientError
from shoal.gradients.functions.behaviour import nearby
from shoal.gradients.functions.blocks import BlockProbe, BlockProber, signs
from shoal.gradients.functions.complex_step import ComplexStep
from shoal.gradients.functions.surface import COARSE, LossSurface, measure_noise
from shoal.gradients.functions.user_functions import Gradients, Loss

TOLERANCE = 1e-6  # relative error
TOLERANCE_SINGLE = 1e-3  # of code that computes in float32
AWAY = 1e-3  # how far from the point a disagreement is judged again, as a share of each block's size
AWAY_COARSE = 0.05  # in single precision steps are larger, and what they cross reaches further
SUSPECTS = 6  # entries of each block that are
DENSE = 0.5  # of the probes wrong, and no corner in sight: that is no corner's doing


@dataclass(eq=False)
class Judged:
    """What was found of every block at `surface`; `forgiven` are wrong on a corner, and right beside it."""

    surface: LossSurface
    blocks: list[BlockProbe]
    wrong: list[int]
    forgiven: frozenset[int]
    widened: bool
    notes: list[str] = field(default_factory=list)


def judge(
    loss: Loss, gradients: Gradients, tolerance: float | None, complex_step: bool, probes: int, seed: int
) -> Judged:
    """Raises GradientError where the loss depends on no parameter."""
    rng = np.random.default_rng(seed)
    notes = widen(loss)
    surface = LossSurface(loss, loss.parameters.base, tolerance or TOLERANCE)
    if tolerance is None and (surface.coarse or loss.parameters.single):
        surface.tolerance = TOLERANCE_SINGLE
    if surface.coarse and not loss.parameters.single:
        notes.append("The loss is computed in single precision inside: in float64 the check would see more.")
    if complex_step:
        notes += find_analytic(surface, rng)
    floors = rounding_floors(gradients, surface)
    zero = rounding_of_zero(gradients, surface)
    prober = BlockProber(surface, gradients.came, probes, rng, floors, zero)
    blocks = [prober.screen(k) for k in range(len(gradients.came))]
    _require_dependence(blocks)
    widened = not gradients.trusted
    wrong = [one for one in blocks if is_wrong(one, widened)]
    forgiven: frozenset[int] = frozenset()
    if gradients.trusted:
        corners = any(one.probes.corners.any() for one in blocks)
        doubtful = [one for one in wrong if surface.coarse or corners or not _dense(one)]
        forgiven = _right_nearby(gradients, prober, doubtful)
    for one in wrong:
        if one.k not in forgiven:
            prober.look_closer(one)
    notes += _changed_later(loss)
    return Judged(surface, blocks, [one.k for one in wrong], forgiven, widened, notes)


def is_wrong(one: BlockProbe, widened: bool) -> bool:
    """Whether a probe disagrees, or anything that came is not finite."""
    bad = not np.all(np.isfinite(one.probes.came))
    return bad or bool(one.probes.slopes and one.probes.compare(widen=widened).wrong.any())


def _dense(one: BlockProbe) -> bool:
    return bool(one.probes.slopes) and float(np.mean(one.probes.compare().wrong)) > DENSE


def _right_nearby(gradients: Gradients, prober: BlockProber, doubtful: list[BlockProbe]) -> frozenset[int]:
    """Which of the blocks are right at a point a little away, where no unit sits on a corner by design."""
    if not doubtful:
        return frozenset()
    loss = gradients.loss
    there = nearby(loss.parameters.base, AWAY_COARSE if prober.surface.coarse else AWAY)
    surface = LossSurface(loss, there, prober.surface.tolerance)
    prober = replace(prober, surface=surface, came=gradients.at(there))
    right = set()
    for one in doubtful:
        if one.probes.slopes and np.all(np.isfinite(one.probes.came)):
            found = one.probes.compare()
            order = np.argsort(-(found.errors + found.wrong)[: len(one.probes.entries)], kind="stable")
            if not is_wrong(prober.suspects(one.k, one.probes.positions[order[:SUSPECTS]]), False):
                right.add(one.k)
    return frozenset(right)


def _require_dependence(blocks: list[BlockProbe]) -> None:
    if all(one.change == 0 for one in blocks):
        raise GradientError(
            "The loss does not change when its parameters change.",
            "Let it use the parameters that it is given, not others of the same name outside.",
        )


def _changed_later(loss: Loss) -> list[str]:
    if loss.copies_inputs or loss.untouched():
        return []
    return ["The loss changed its inputs in one of its later calls: work on copies inside."]


ROUNDED = 64.0  # last digits of a block's largest entry
NUDGE = 2.0  # last digits by which parameters are moved to see what rounding does to single precision
SAFETY = 8.0
MOST = 1e-2  # a corner looks like rounding: no more than this share of the largest entry is rounding


def rounding_floors(gradients: Gradients, surface: LossSurface) -> list[np.ndarray]:
    """The last digits of each block; in single precision also what a change in the parameters' last digits
    does, which grows where much cancels."""
    parameters = gradients.loss.parameters
    coarse = surface.coarse and not parameters.single
    floors = [
        np.full(came.shape, ROUNDED * max(leaf.epsilon, 2.0**-23 * coarse) * _largest(came))
        for leaf, came in zip(parameters.leaves, gradients.came, strict=True)
    ]
    if not (parameters.single and gradients.trusted):
        return floors
    rng = np.random.default_rng(0)
    for _ in range(2):
        moved = [
            b * (1 + NUDGE * leaf.epsilon * rng.choice([-1.0, 1.0], b.shape))
            for leaf, b in zip(parameters.leaves, parameters.base, strict=True)
        ]
        for k, there in enumerate(gradients.at(moved)):
            off = np.nan_to_num(np.abs(there - gradients.came[k]), nan=0.0, posinf=0.0)
            floors[k] = np.maximum(floors[k], np.minimum(SAFETY * off, MOST * _largest(gradients.came[k])))
    return floors


def rounding_of_zero(gradients: Gradients, surface: LossSurface) -> float:
    """What may be left, in any block, of numbers that cancel: last digits of the largest gradient of all."""
    epsilon = max(gradients.loss.parameters.epsilon, 2.0**-23 * surface.coarse)
    return ROUNDED * epsilon * max(_largest(came) for came in gradients.came)


def _largest(came: np.ndarray) -> float:
    return float(np.max(np.abs(came[np.isfinite(came)]), initial=0.0))


SAME_VALUE = 1e-3  # both values must agree to this share


def widen(loss: Loss) -> list[str]:
    """Leave `loss` handing out float64 if it computes in it and finds the same value; a note that says so.

    A loss that refuses (PyTorch does not mix widths, JAX has float64 switched off) is left as it is: what it
    raises then is an answer, not an error.
    """
    parameters = loss.parameters
    if not parameters.single:
        return []
    narrow = loss.at(parameters.base)
    loss.widen(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            wide = loss.at(parameters.base)
    except Exception:
        wide = np.nan
    if abs(wide - narrow) <= SAME_VALUE * abs(narrow):
        sizes = [float(np.sqrt(np.mean(b * b))) or 1.0 for b in parameters.base]
        if measure_noise(loss, parameters.base, sizes, wide) <= COARSE * abs(wide):
            return ["The gradients are float32; slopes were taken in float64, which the loss accepts."]
    loss.widen(False)
    return []


SAME_SLOPE = 1e-5  # a complex step may differ from a central difference by this share


def find_analytic(surface: LossSurface, rng: np.random.Generator) -> list[str]:
    """Set `surface.analytic`, and say plainly of the other blocks why not."""
    step, reasons = ComplexStep(surface.loss), {}
    found = set()
    leaves = surface.loss.parameters.leaves
    for k, block in enumerate(surface.point):
        u = signs(rng, block.shape)
        value, reason = step.along(k, u)
        if not reason:
            slope = surface.direction(k, u, value, 0.0)
            if abs(slope.value - value) > 10 * slope.error + SAME_SLOPE * abs(value):
                reason = f"its slope is {value:.6g} there, and {slope.value:.6g} by central differences"
        if reason:
            reasons.setdefault(reason, []).append(leaves[k].path)
        else:
            found.add(k)
            step.sizes[k] = abs(value) / float(np.sqrt(block.size))
    surface.complex_step, surface.analytic = step, frozenset(found)
    return [
        f"No complex step for {', '.join(names)}: {reason}. Differences were used."
        for reason, names in reasons.items()
    ]
