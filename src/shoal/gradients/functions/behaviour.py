"""How both functions behave when they are called more than once."""

from __future__ import annotations

from typing import Any

import numpy as np

from shoal.errors import GradientError
from shoal.gradients.functions.matching import match
from shoal.gradients.functions.parameters import to_numpy
from shoal.gradients.functions.user_functions import Gradients, Loss, require_finite
from shoal.gradients.patterns import Finding

NEARBY = 1e-3  # how far away the second point lies, as a share of each block's size
SAME = 1e-9  # repeated values may differ by this share (sums over threads), or by SAME_SINGLE
SAME_SINGLE = 1e-4


def observe(loss: Loss, gradients: Gradients) -> list[Finding]:
    """Call both functions a few times, set `gradients.came`, and say what repeated calls show.

    Raises GradientError where a value cannot be used.
    """
    findings = [*_observe_loss(loss)]
    if not gradients.callable:
        gradients.came, gradients.note = match(loss.parameters.leaves, gradients.source)
        gradients.trusted = False
        return findings
    return findings + _observe_gradients(loss, gradients)


def _observe_loss(loss: Loss) -> list[Finding]:
    parameters, findings = loss.parameters, []
    arrays = parameters.handed(parameters.base)
    first = loss.call(arrays)
    require_finite(first)
    if _changed(loss, arrays):
        loss.copies_inputs = True
        findings.append(_changes_inputs("loss", _changed(loss, arrays)))
        arrays = parameters.handed(parameters.base)
    second = loss.call(arrays)
    if abs(first - second) > (SAME_SINGLE if parameters.single else SAME) * abs(first):
        loss.seeds.activate()
        again = [loss.call(parameters.handed(parameters.base)) for _ in range(2)]
        if again[0] != again[1]:
            raise GradientError(
                f"The loss is not the same twice: {first:.9g}, then {second:.9g} at the same parameters.",
                "Draw masks and noise once and hand them in, create the generator inside with a fixed seed, "
                "and use the same batch at every call.",
            )
        text = (
            f"The loss draws random numbers: {first:.6g}, then {second:.6g} at the same parameters. Seeding "
            "the global generators before each call makes it repeatable, and that was done here; "
            "better, fix the seed or hand the masks in."
        )
        findings.append(Finding("random-loss", text, (), harmless=True))
    return findings


def _observe_gradients(loss: Loss, gradients: Gradients) -> list[Finding]:
    parameters = loss.parameters
    arrays = parameters.handed(parameters.base)
    loss.call(arrays)
    arrays = parameters.handed(parameters.base) if loss.copies_inputs else arrays
    first, returned = gradients.call(arrays)
    gradients.came = first
    findings = []
    if changed := _changed(loss, arrays):
        findings.append(_changes_inputs("gradient function", changed))
        arrays = parameters.handed(parameters.base)
    second, _ = gradients.call(arrays)
    if not _alike(first, second, parameters.single):
        third, _ = gradients.call(arrays)
        return [*findings, _unrepeatable(loss, gradients, first, second, third)]
    there = nearby(parameters.base)
    findings += _after_another_point(loss, gradients, there)
    gradients.call(parameters.handed(there))
    if not _alike(first, match(parameters.leaves, returned)[0], parameters.single):
        text = (
            "The arrays that the gradient function returns are used again by later calls, which change what "
            "was returned before. Return copies."
        )
        findings.append(Finding("returned-arrays-reused", text, (), harmless=True))
    return findings


def _unrepeatable(loss: Loss, gradients: Gradients, first: Any, second: Any, third: Any) -> Finding:
    single = loss.parameters.single
    if _alike([2 * a for a in first], second, single) and _alike([3 * a for a in first], third, single):
        gradients.trusted = False
        text = (
            "The gradients add up from call to call: the second call returns twice what the first one did, "
            "the third three times. Set them to zero at the start of each call (in PyTorch, clear .grad)."
        )
        return Finding("accumulated", text, ())
    if not loss.seeds.active:
        loss.seeds.activate()
    both = [gradients.call(loss.parameters.handed(loss.parameters.base))[0] for _ in range(2)]
    gradients.trusted = repeatable = _alike(both[0], both[1], single)
    if repeatable:
        gradients.came = both[0]
    done = "Seeding the global generators before each call makes them repeatable: judged so. " * repeatable
    text = (
        f"The gradients are not the same twice at the same parameters. {done}Draw masks and noise once and "
        "hand them to both functions, or fix the seed."
    )
    return Finding("random-gradients", text, (), harmless=repeatable)


def _after_another_point(loss: Loss, gradients: Gradients, there: list[np.ndarray]) -> list[Finding]:
    """Whether the gradients depend on what was called before."""
    parameters, single = loss.parameters, loss.parameters.single
    loss.call(parameters.handed(there))
    after_loss, _ = gradients.call(parameters.handed(parameters.base))
    if not _alike(gradients.came, after_loss, single):
        text = (
            "The gradients use what the last call of the loss left behind, not the parameters given to them: "
            "after the loss of other parameters they differ. Judged right after the loss of the same ones."
        )
        return [Finding("needs-the-loss-first", text, (), harmless=True)]
    gradients.call(parameters.handed(there))
    after_gradients, _ = gradients.call(parameters.handed(parameters.base))
    if not _alike(gradients.came, after_gradients, single):
        text = (
            "The gradients depend on the call before: at the same parameters they differ after a call at "
            "others. Something is kept from one call to the next."
        )
        return [Finding("stale-cache", text, ())]
    return []


def _changed(loss: Loss, arrays: list[Any]) -> list[str]:
    """The blocks that a call has changed in place."""
    leaves, base = loss.parameters.leaves, loss.parameters.base
    return [
        leaf.path
        for leaf, array, block in zip(leaves, arrays, base, strict=True)
        if not np.array_equal(to_numpy(array), block)
    ]


def _changes_inputs(who: str, changed: list[str]) -> Finding:
    text = (
        f"The {who} changes its inputs in place ({', '.join(changed[:6])}). It was given copies here; "
        "work on copies inside, or write x = x - ... in place of x -= ..."
    )
    return Finding("changes-its-inputs", text, tuple(changed))


def nearby(base: list[np.ndarray], share: float = NEARBY) -> list[np.ndarray]:
    """A point a little away from `base`."""
    rng = np.random.default_rng(0)
    return [b + share * (float(np.sqrt(np.mean(b * b))) or 1.0) * rng.standard_normal(b.shape) for b in base]


def _alike(a: list[np.ndarray], b: list[np.ndarray], single: bool) -> bool:
    """Equal, but for what another order of summation does: to each block's own digits, and to zeros."""
    finite = [np.isfinite(x) for x in (*a, *b)]
    if any(not np.array_equal(x, y) for x, y in zip(finite[: len(a)], finite[len(a) :], strict=True)):
        return False
    a, b = ([np.where(np.isfinite(x), x, 0.0) for x in blocks] for blocks in (a, b))
    share, floor = (1e-4, 1e-5) if single else (1e-9, 1e-13)
    largest = max(float(np.max(np.abs(x))) for x in (*a, *b))
    return all(
        float(np.max(np.abs(x - y))) <= max(share * float(np.max(np.abs(x))), floor * largest)
        for x, y in zip(a, b, strict=True)
    )
