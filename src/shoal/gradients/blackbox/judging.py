"""Every block judged: screened, judged again a little away where a corner may be to blame, then searched."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from shoal.errors import GradientError

from .analytic import find_analytic
from .behaviour import nearby
from .blocks import Probed, Prober
from .floors import rounding_floors, rounding_of_zero
from .gradients import Gradients
from .loss import Loss
from .surface import Surface
from .wide import widen

TOLERANCE = 1e-6  # relative error
TOLERANCE_SINGLE = 1e-3  # of code that computes in float32
AWAY = 1e-3  # how far from the point a disagreement is judged again, as a share of each block's size
AWAY_COARSE = 0.05  # in single precision steps are larger, and what they cross reaches further
SUSPECTS = 6  # entries of each block that are
DENSE = 0.5  # of the probes wrong, and no corner in sight: that is no corner's doing


@dataclass(eq=False)
class Judged:
    """What was found of every block at `surface`; `forgiven` are wrong on a corner, and right beside it."""

    surface: Surface
    blocks: list[Probed]
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
    surface = Surface(loss, loss.parameters.base, tolerance or TOLERANCE)
    if tolerance is None and (surface.coarse or loss.parameters.single):
        surface.tolerance = TOLERANCE_SINGLE
    if surface.coarse and not loss.parameters.single:
        notes.append("The loss is computed in single precision inside: in float64 the check would see more.")
    if complex_step:
        notes += find_analytic(surface, rng)
    floors = rounding_floors(gradients, surface)
    zero = rounding_of_zero(gradients, surface)
    prober = Prober(surface, gradients.came, probes, rng, floors, zero)
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


def is_wrong(one: Probed, widened: bool) -> bool:
    """Whether a probe disagrees, or anything that came is not finite."""
    bad = not np.all(np.isfinite(one.probes.came))
    return bad or bool(one.probes.slopes and one.probes.compare(widen=widened).wrong.any())


def _dense(one: Probed) -> bool:
    return bool(one.probes.slopes) and float(np.mean(one.probes.compare().wrong)) > DENSE


def _right_nearby(gradients: Gradients, prober: Prober, doubtful: list[Probed]) -> frozenset[int]:
    """Which of the blocks are right at a point a little away, where no unit sits on a corner by design."""
    if not doubtful:
        return frozenset()
    loss = gradients.loss
    there = nearby(loss.parameters.base, AWAY_COARSE if prober.surface.coarse else AWAY)
    surface = Surface(loss, there, prober.surface.tolerance)
    prober = replace(prober, surface=surface, came=gradients.at(there))
    right = set()
    for one in doubtful:
        if one.probes.slopes and np.all(np.isfinite(one.probes.came)):
            found = one.probes.compare()
            order = np.argsort(-(found.errors + found.wrong)[: len(one.probes.entries)], kind="stable")
            if not is_wrong(prober.suspects(one.k, one.probes.positions[order[:SUSPECTS]]), False):
                right.add(one.k)
    return frozenset(right)


def _require_dependence(blocks: list[Probed]) -> None:
    if all(one.change == 0 for one in blocks):
        raise GradientError(
            "The loss does not change when its parameters change.",
            "Let it use the parameters that it is given, not others of the same name outside.",
        )


def _changed_later(loss: Loss) -> list[str]:
    if loss.careful or loss.untouched():
        return []
    return ["The loss changed its inputs in one of its later calls: work on copies inside."]
