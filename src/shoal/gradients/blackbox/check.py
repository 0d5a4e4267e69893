"""The black-box check: a gradient against slopes of its loss, whatever computes them."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from shoal.errors import GradientError
from shoal.gradients.patterns import Finding, name_patterns

from .behaviour import Gradients, nearby, observe
from .blocks import Probed, Prober
from .loss import Loss, read_parameters
from .report import block_result
from .result import BlockResult, FunctionCheck
from .surface import Surface

TOLERANCE = 1e-6  # relative error
TOLERANCE_SINGLE = 1e-3  # of code that computes in float32
PROBES = 12  # entries of a large block that are probed at first
AWAY = 1e-3  # how far from a corner a disagreement is judged again, as a share of each block's size


def check(
    loss: Callable[[Any], Any],
    gradients: Any,
    parameters: Any,
    *,
    examples: int | None = None,
    l2: float | None = None,
    complex_step: bool = False,
    tolerance: float | None = None,
    probes: int = PROBES,
    seed: int = 0,
) -> FunctionCheck:
    """Hold `gradients` against slopes of `loss` at `parameters`, and name the mistake where numbers tell it.

    loss(parameters) returns one number; gradients(parameters) their gradients in the same structure, or
    `gradients` are such arrays themselves. The parameters are one array, or dicts, lists and tuples of arrays
    of NumPy, PyTorch or JAX; both functions get them in their own library, dtype and structure.

    `examples` (N) and `l2` (of a cost l2 sum W^2) let factors and terms be called by their names.
    `complex_step` takes derivatives from the loss at complex parameters, to the last digit, where the code
    allows it. `tolerance` is the relative error allowed (default 1e-6; 1e-3 for float32), `probes` how many
    entries of each large block are probed, chosen by `seed`.

    Raises GradientError where nothing can be judged. What the functions raise themselves comes through.
    """
    started = perf_counter()
    own = Loss(loss, read_parameters(parameters))
    with own.seeds:
        analytic = Gradients(gradients, own)
        behaviour = observe(own, analytic)
        blocks, named, notes, surface = _judge(own, analytic, examples, l2, tolerance, probes, seed)
    return FunctionCheck(
        blocks=blocks,
        findings=(*behaviour, *named),
        notes=tuple(note for note in (analytic.note, *notes) if note),
        loss=surface.value,
        noise=surface.noise,
        precision="float32" if surface.coarse else "float64",
        method="central differences",
        calls=own.calls,
        seconds=perf_counter() - started,
        seed=seed,
    )


def _judge(
    own: Loss,
    analytic: Gradients,
    examples: int | None,
    l2: float | None,
    tolerance: float | None,
    probes: int,
    seed: int,
) -> tuple[tuple[BlockResult, ...], tuple[Finding, ...], list[str], Surface]:
    rng = np.random.default_rng(seed)
    surface = Surface(own, own.parameters.base, tolerance or TOLERANCE)
    if surface.coarse and tolerance is None:
        surface.tolerance = TOLERANCE_SINGLE
    prober = Prober(surface, analytic.came, probes, rng)
    found = [prober.screen(k) for k in range(len(analytic.came))]
    _require_dependence(found)
    widen = not analytic.trusted
    wrong = [one for one in found if is_wrong(one, widen)]
    forgiven: set[int] = set()
    if wrong and analytic.trusted and any(one.probes.corners.any() for one in found):
        forgiven = _right_away_from_corners(own, analytic, surface, [one.k for one in wrong], probes, rng)
    for one in wrong:
        if one.k not in forgiven:
            prober.look_closer(one)
    leaves, base = own.parameters.leaves, own.parameters.base
    names = {leaves[one.k].path for one in wrong if one.k not in forgiven}
    known = [one.probes.known(leaves[one.k].path, base[one.k]) for one in found]
    named = name_patterns(known, names, examples=examples, l2=l2)
    blocks = tuple(block_result(leaves[one.k], one, widen=widen, forgiven=one.k in forgiven) for one in found)
    return blocks, named, _notes(own, surface), surface


def is_wrong(one: Probed, widen: bool) -> bool:
    """Whether a probe disagrees, or anything that came is not finite."""
    bad = not np.all(np.isfinite(one.probes.came))
    return bad or bool(one.probes.slopes and one.probes.compare(widen=widen).wrong.any())


def _right_away_from_corners(
    own: Loss, analytic: Gradients, surface: Surface, wrong: list[int], probes: int, rng: np.random.Generator
) -> set[int]:
    """Which blocks are right at a point a little away, where no unit sits on a corner by design."""
    there = nearby(own.parameters.base, AWAY)
    other = Surface(own, there, surface.tolerance)
    prober = Prober(other, analytic.at(there), probes, rng)
    return {k for k in wrong if not is_wrong(prober.screen(k), False)}


def _require_dependence(found: list[Probed]) -> None:
    """Raises GradientError where no block changes the loss at all."""
    if all(one.change == 0 for one in found):
        raise GradientError(
            "The loss does not change when its parameters change.",
            "Let it use the parameters that it is given, not others of the same name outside.",
        )


def _notes(own: Loss, surface: Surface) -> list[str]:
    notes = []
    if surface.coarse and not own.parameters.single:
        notes.append(
            "The loss is computed in single precision inside, and judged so; in float64 the check sees more."
        )
    if not own.careful and not own.untouched():
        notes.append("The loss changed its inputs in one of its later calls: work on copies inside.")
    return notes
