"""Whether a submission says the same twice: code that draws is refused, code that remembers is understood."""

from __future__ import annotations

import numpy as np

from shoal.errors import SubmissionError
from shoal.gradients.networks.point import Parameters
from shoal.study.submitted import Submitted

SAME, SAME32 = 1e-9, 1e-4  # repeated numbers may differ by this share: sums over threads
NEEDS_LOSS = (
    "gradients uses what the last call of loss left behind, not the arguments it is given. Here loss is "
    "called with the same arguments before it; elsewhere the gradients may be those of another batch."
)


def require_repeatable(case: Submitted) -> None:
    """Raises SubmissionError where the same call gives other numbers each time.

    Gradients that grow by the same amount, or that settle after a call, are mistakes that the diagnosis
    names; they pass. Where gradients uses what the last call of loss left behind, loss is called first.
    """
    share = SAME32 if case.float32 else SAME
    first, second = case.loss(0), case.loss(0)
    if abs(first - second) > share * abs(first):
        raise _random("loss", f"{first:.9g}, then {second:.9g}")
    a, b, c = (_flat(_after_loss(case, k)) for k in (0, 1, 0))
    with np.errstate(invalid="ignore"):  # infinite gradients are for the diagnosis
        if _same(b, c, share) or _same(c - b, b - a, share):
            return
    if not _same(a, c, share):
        at = int(np.nanargmax(np.abs(c - b)))
        raise _random("gradients", f"one of its entries was {a[at]:.6g}, then {b[at]:.6g}, then {c[at]:.6g}")
    case.submission.loss_first = True
    case.submission.notes[NEEDS_LOSS] = None


def _flat(gradients: Parameters) -> np.ndarray:
    return np.concatenate([np.ravel(value) for own in gradients.values() for value in own.values()])


def _same(a: np.ndarray, b: np.ndarray, share: float) -> bool:
    size = np.max(np.abs(a), where=np.isfinite(a), initial=0.0)
    return np.allclose(a, b, rtol=0, atol=share * size, equal_nan=True)


def _after_loss(case: Submitted, number: int) -> Parameters:
    """The gradients at the first point, right after the loss at another."""
    case.loss(number)
    return case.gradients(0)


def _random(name: str, seen: str) -> SubmissionError:
    return SubmissionError(
        f"{name} gives other numbers each time it is called with the same arguments: {seen}.",
        "Draw nothing inside it: dropout's masks come in as `masks`; seed any other random numbers.",
    )
