"""Which convention makes a loss the network's cost: another L2 factor, a sum for a mean, an epsilon."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from shoal.doctor.submissions.conventions import PENALTIES, SCALES, Convention, Factor
from shoal.gradients.networks.point import Point
from shoal.layers import BatchNorm, SquaredError

Form: TypeAlias = tuple[float | None, bool, float]  # epsilon, unbiased, inside_log of a Convention
EXACT, NEAR = 1e-9, 1e-6  # relative, in float64
EXACT32, NEAR32 = 4e-7, 2e-5  # the same where the code computes in float32
EPSILONS = (1e-300, *(10.0**-k for k in range(16, 1, -1)))


@dataclass(frozen=True)
class Explanation:
    """The convention found, how far off it is at worst (without one, how far the network's own is), and the
    two costs at the first point. `exact` says that the gradients of the two are the same."""

    convention: Convention | None
    exact: bool
    apart: float
    came: float
    expected: float


def explain(points: Sequence[Point], came: Sequence[float], *, float32: bool = False) -> Explanation:
    """The simplest convention under which the losses that came are the costs at every point."""
    return _Ledger(points, came).explain(*((EXACT32, NEAR32) if float32 else (EXACT, NEAR)))


@dataclass(frozen=True, eq=False)
class _Ledger:
    """The points with the losses that came, and the network's losses under each batch norm, taken once."""

    points: Sequence[Point]
    came: Sequence[float]
    losses: dict[Form, list[float]] = field(default_factory=dict)

    def explain(self, exact: float, near: float) -> Explanation:
        costs = self.came[0], self.points[0].cost
        found: list[tuple[float, Convention]] = []
        for convention in self.candidates():
            apart = self.apart(convention)
            if apart <= exact:
                return Explanation(convention, not convention.inside_log, apart, *costs)
            found.append((apart, convention))
        close = [pair for pair in found if pair[0] <= near]
        if close:
            return Explanation(close[0][1], False, close[0][0], *costs)
        return Explanation(None, False, found[0][0], *costs)

    def candidates(self) -> Iterator[Convention]:
        """All conventions, those with the fewest differences first."""
        l2 = self.points[0].l2
        penalties = [(said, _scaled(factor, l2)) for said, factor in (PENALTIES if l2 else PENALTIES[:1])]
        found = [
            Convention(tuple(filter(None, (s, p, form[0]))), scale, penalty, *form[1])
            for (s, scale), (p, penalty), form in itertools.product(SCALES, penalties, self.forms())
        ]
        yield from sorted(found, key=lambda convention: len(convention.said))
        for said, scale in SCALES:
            if (penalty := self.coefficient(scale)) is not None:
                words = (
                    f"has an L2 cost of {penalty:.6g} * sum(W**2), where the network's is {l2:g} * sum(W**2)"
                )
                yield Convention((*filter(None, (said,)), words), scale, _scaled(SCALES[0][1], penalty))
        for said, penalty in penalties if l2 else ():
            words = "has its L2 cost on the biases too, where the network's is on weights only"
            yield Convention((*filter(None, (said,)), words), l2=penalty, biases=True)

    def forms(self) -> Iterator[tuple[str, Form]]:
        """What could be said about the batch norms and the logarithm."""
        yield "", (None, False, 0.0)
        own = [layer.epsilon for layer in self.points[0].network.layers if isinstance(layer, BatchNorm)]
        unbiased = "divides batch norm's variance by N - 1, where the network's divides by N"
        if own:
            yield unbiased, (None, True, 0.0)
        for epsilon in EPSILONS if own else ():
            if epsilon not in own:
                size = "0" if epsilon < 1e-16 else f"{epsilon:.0e}"
                said = f"has an epsilon of {size} in batch norm, where the network's is {own[0]:g}"
                yield said, (epsilon, False, 0.0)
                yield f"{said}, and {unbiased}", (epsilon, True, 0.0)
        if not isinstance(self.points[0].network.loss, SquaredError):
            for inside in EPSILONS[1:]:
                yield f"adds {inside:.0e} inside the logarithm, which is left out here", (None, False, inside)

    def coefficient(self, scale: Factor) -> float | None:
        """The L2 coefficient that is left over, where it is the same at every point."""
        without = self.costs(Convention(scale=scale, l2=_scaled(scale, 0.0)))
        squares = [_squares(point) for point in self.points]
        left = [(a - b) / s for a, b, s in zip(self.came, without, squares, strict=True)]
        mean = sum(left) / len(left)
        same = max(abs(value - mean) for value in left) <= NEAR * abs(mean)
        return float(f"{mean:.9g}") if same else None

    def apart(self, convention: Convention) -> float:
        """The largest relative difference between the losses that came and the convention's costs."""
        pairs = zip(self.came, self.costs(convention), strict=True)
        return max(abs(a - b) / max(abs(a), abs(b), 1e-300) for a, b in pairs)

    def costs(self, convention: Convention) -> list[float]:
        """What the losses would be, if this were their convention."""
        key = convention.epsilon, convention.unbiased, convention.inside_log
        if key not in self.losses:
            self.losses[key] = [convention.bare_loss(point) for point in self.points]
        c = self.points[0].network.classes
        return [
            convention.scale(len(p.x), c) * loss + convention.l2(len(p.x), c) * _squares(p, convention.biases)
            for p, loss in zip(self.points, self.losses[key], strict=True)
        ]


def _squares(point: Point, biases: bool = False) -> float:
    """The sum of W^2 over all weights, and of b^2 too if asked."""
    keys = ("W", "b") if biases else ("W",)
    return sum(
        float(np.sum(own[key] ** 2)) for own in point.parameters.values() for key in keys if key in own
    )


def _scaled(factor: Factor, by: float) -> Factor:
    return lambda n, c: by * factor(n, c)
