"""Mistakes in the derivative of a ReLU and a leaky ReLU. z is the input, y the output."""

from __future__ import annotations

from .activation_entries import at_zero, entry, other_layer, shape

MISTAKES = {
    "relu": (
        entry(
            "relu",
            "relu-mask-missing",
            "ReLU's mask missing",
            "the derivative of the ReLU left out",
            "the zeros are missing",
            "Set dy to 0 where the unit was off.",
            shape("one"),
        ),
        entry(
            "relu",
            "relu-mask-inverted",
            "ReLU's mask inverted",
            "the mask of the ReLU inverted",
            "where z > 0, not where z <= 0",
            "Turn the comparison round.",
            shape("inverted"),
        ),
        entry(
            "relu",
            "relu-value-for-mask",
            "the activation in place of its mask",
            "dy multiplied by the ReLU's value in place of its derivative",
            "1 where z > 0, not y",
            "Multiply by (z > 0).",
            shape("value"),
            rank=1,
        ),
        other_layer("relu"),
        at_zero("relu"),
    ),
    "leaky_relu": (
        entry(
            "leaky_relu",
            "leaky-slope-missing",
            "leaky slope missing",
            "0 in place of the slope below zero",
            "the slope is missing",
            "Multiply by the slope where z <= 0.",
            shape("no slope"),
        ),
        entry(
            "leaky_relu",
            "leaky-derivative-missing",
            "leaky ReLU's derivative missing",
            "the derivative of the leaky ReLU left out",
            "the slope below zero is missing",
            "Multiply by the slope where z <= 0.",
            shape("one"),
        ),
        entry(
            "leaky_relu",
            "leaky-inverted",
            "leaky ReLU's sides exchanged",
            "the two slopes of the leaky ReLU exchanged",
            "1 above zero, the slope below",
            "Turn the comparison round.",
            shape("inverted"),
        ),
        entry(
            "leaky_relu",
            "leaky-value-for-derivative",
            "the activation in place of its derivative",
            "dy multiplied by the activation's value in place of its derivative",
            "1 or the slope, not y",
            "Multiply by the derivative.",
            shape("value"),
            rank=1,
        ),
        other_layer("leaky_relu"),
        at_zero("leaky_relu"),
    ),
}
