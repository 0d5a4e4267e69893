"""Mistakes in how the gradients are put together, and those that only numbers can name."""

from __future__ import annotations

from shoal.doctor.mistake import Mistake, page

NEGATED = Mistake(
    "sign-flipped",
    "network",
    "sign flipped",
    "the opposite sign throughout",
    "gradient = + d cost / d parameter   <- the minus belongs into the update, W - rate * gradient",
    "Return the gradient itself.",
    page("loss", "sign-flipped"),
)
SWAPPED = Mistake(
    "layers-swapped",
    "network",
    "two layers' gradients exchanged",
    "the gradients of two layers exchanged",
    "gradients[k] belongs to parameters[k]   <- two keys are exchanged",
    "Check under which index each layer's gradient is stored.",
    page("network", "layers-swapped"),
)
STALE = Mistake(
    "stale-cache",
    "network",
    "stale cache",
    "the batch of the call before in place of this one's",
    "forward(x) first, then backward   <- the backward pass used what an earlier forward pass had left",
    "Run the forward pass inside `gradients`, or hand its cache over explicitly.",
    page("network", "stale-cache"),
)
ACCUMULATED = Mistake(
    "accumulated",
    "network",
    "gradients accumulated over calls",
    "those of earlier calls added",
    "gradients start from zero at every call   <- they were added to what was there",
    "Reset the gradients (`= `, not `+= `) before the backward pass.",
    page("network", "accumulated"),
)
FACTOR = Mistake(
    "constant-factor",
    "network",
    "a constant factor",
    "a constant factor in front",
    "gradient = d cost / d parameter   <- with no factor in front",
    "Look for a mean taken twice or not at all, a factor 1/2, a hard-coded count.",
    page("network", "constant-factor"),
    rank=5,
)
WRONG_L2_FACTOR = Mistake(
    "l2-wrong-factor",
    "l2",
    "L2 term with another factor",
    "another factor in front of the L2 cost's term",
    "dW = (the loss's part) + 2 l2 W   <- the factor is 2",
    "Compare it with the derivative of l2 * sum W^2.",
    page("l2", "l2-wrong-factor"),
    rank=5,
)
ZERO = Mistake(
    "gradient-zero",
    "network",
    "gradient never filled in",
    "this gradient left at zero",
    "the gradient of a parameter that the cost depends on   <- never filled in",
    "Fill it in: look for an early return, or an array made and never written to.",
    page("network", "gradient-zero"),
    rank=4,
)
