"""The black-box check: a gradient against slopes of its loss, whatever computes them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from time import perf_counter
from typing import Any

from threadpoolctl import threadpool_limits

from shoal.gradients.functions.behaviour import observe
from shoal.gradients.functions.judge import Judged, judge
from shoal.gradients.functions.result import FunctionCheck, block_result
from shoal.gradients.functions.user_functions import Gradients, Loss, one_is_enough, read_parameters
from shoal.gradients.patterns import Finding, name_patterns

PROBES = 12  # entries of a large block that are probed at first


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
    of NumPy, PyTorch or JAX; both functions get them in their own library, dtype and structure. (A loss of
    float32 arrays that takes float64 as well is given that for its slopes.)

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
        one = one_is_enough(lambda: own.at(own.parameters.base))
        with threadpool_limits(1) if one else nullcontext():
            found = judge(own, analytic, tolerance, complex_step, probes, seed)
    named = _named(own, found, examples, l2)
    return FunctionCheck(
        blocks=tuple(
            block_result(leaf, block, widen=found.widened, forgiven=block.k in found.forgiven)
            for leaf, block in zip(own.parameters.leaves, found.blocks, strict=True)
        ),
        findings=(*behaviour, *named),
        notes=tuple(note for note in (analytic.note, *found.notes) if note),
        loss=found.surface.value,
        noise=found.surface.noise,
        precision="float32" if own.parameters.single or found.surface.coarse else "float64",
        method=_method(found),
        calls=own.calls,
        seconds=perf_counter() - started,
        seed=seed,
    )


def _named(own: Loss, found: Judged, examples: int | None, l2: float | None) -> tuple[Finding, ...]:
    leaves, base = own.parameters.leaves, own.parameters.base
    known = [one.probes.known(leaves[one.k].path, base[one.k]) for one in found.blocks]
    wrong = {leaves[k].path for k in found.wrong if k not in found.forgiven}
    return name_patterns(known, wrong, examples=examples, l2=l2)


def _method(found: Judged) -> str:
    exact = len(found.surface.analytic)
    if not exact:
        return "central differences"
    return "complex steps" if exact == len(found.blocks) else "complex steps and central differences"
