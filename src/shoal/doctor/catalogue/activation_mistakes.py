"""Mistakes in the derivative of a ReLU and a leaky ReLU. z is the input, y the output.

Mistakes in the derivative of a sigmoid and a tanh. z is the input, y the output.
"""

from __future__ import annotations

from shoal.doctor.catalogue.activations import at_zero, entry, other_layer, shape

KINKED = {
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


SMOOTH = {
    "sigmoid": (
        entry(
            "sigmoid",
            "sigmoid-slope-missing",
            "sigmoid's slope missing",
            "the sigmoid's slope left out of its derivative",
            "the inner derivative, the slope, is missing",
            "Multiply by the slope: d/dz of 1 / (1 + exp(-slope z)) is slope y (1 - y).",
            shape("no slope"),
            shape("slope squared", "or applied twice"),
        ),
        entry(
            "sigmoid",
            "sigmoid-of-activation",
            "sigmoid' of the activation",
            "the sigmoid applied once more: its derivative taken of y in place of z",
            "y is the sigmoid's output already",
            "Use y (1 - y) with the cached output, or s(z) (1 - s(z)) with the input.",
            shape("of y"),
            shape("of y, no slope", "without the slope"),
        ),
        entry(
            "sigmoid",
            "sigmoid-of-preactivation",
            "y (1 - y) with z for y",
            "z (1 - z): the formula for the output fed with the input",
            "y is the output s(z), not z",
            "Put the sigmoid's output into y (1 - y).",
            shape("of z"),
            shape("of z, no slope", "without the slope"),
        ),
        entry(
            "sigmoid",
            "sigmoid-factor-missing",
            "factor 1 - y missing",
            "the factor (1 - y) left out of the sigmoid's derivative",
            "the factor (1 - y) is missing",
            "Multiply by (1 - y) too.",
            shape("half"),
            rank=1,
        ),
        entry(
            "sigmoid",
            "sigmoid-derivative-missing",
            "sigmoid's derivative missing",
            "the derivative of the sigmoid left out",
            "this factor is missing",
            "Multiply by slope y (1 - y).",
            shape("one"),
        ),
        other_layer("sigmoid"),
    ),
    "tanh": (
        entry(
            "tanh",
            "tanh-of-activation",
            "tanh' of the activation",
            "the tanh applied once more: its derivative taken of y in place of z",
            "y is the tanh's output already",
            "Use 1 - y^2 with the cached output.",
            shape("of y"),
        ),
        entry(
            "tanh",
            "tanh-of-preactivation",
            "1 - y^2 with z for y",
            "1 - z^2: the formula for the output fed with the input",
            "y is the output tanh(z), not z",
            "Put the tanh's output into 1 - y^2.",
            shape("of z"),
        ),
        entry(
            "tanh",
            "tanh-square-missing",
            "square missing",
            "1 - y in place of 1 - y^2",
            "the square is missing",
            "Square y.",
            shape("no square"),
        ),
        entry(
            "tanh",
            "tanh-derivative-missing",
            "tanh's derivative missing",
            "the derivative of the tanh left out",
            "this factor is missing",
            "Multiply by 1 - y^2.",
            shape("one"),
        ),
        other_layer("tanh"),
    ),
}
