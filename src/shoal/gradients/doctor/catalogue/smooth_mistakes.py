"""Mistakes in the derivative of a sigmoid and a tanh. z is the input, y the output."""

from __future__ import annotations

from .activation_entries import entry, other_layer, shape

MISTAKES = {
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
