"""Mistakes in an activation's derivative. z is its input, y its output."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shoal.gradients.doctor.mistake import Mistake, Way, always
from shoal.gradients.doctor.site import Site

from .pages import page


def _elsewhere(site: Site) -> list[Way]:
    """The other arrays of z's shape."""
    names = site.point.network.names
    return [
        Way({"source": j}, ("dx",), f"the input of {names[j]}" if j < len(names) else "the scores")
        for j, array in enumerate(site.point.inputs)
        if j not in (site.i, site.i + 1) and array.shape == site.x.shape
    ]


def _kinked(kind: str) -> Callable[[Site], Sequence[Way]]:
    values = (1.0, 0.5) if kind == "relu" else (1.0, 0.0)
    return always(*(Way({"at_zero": v}, ("dx",), f"{v:g} at zero") for v in values))


def _entry(
    kind: str, name: str, title: str, sentence: str, mark: str, remedy: str, *ways: Way, rank: int = 0
) -> Mistake:
    equation = f"{_RIGHT[kind]}   <- {mark}"
    return Mistake(
        name, kind, title, sentence, equation, remedy, page(_PAGE[kind], name), always(*ways), rank
    )


def _shape(derivative: str, note: str = "") -> Way:
    return Way({"derivative": derivative}, ("dx",), note, rank=3 if note else 0)


_RIGHT = {
    "relu": "dz = dy where z > 0, else 0",
    "leaky_relu": "dz = dy where z > 0, else slope dy",
    "sigmoid": "dz = slope y (1 - y) dy",
    "tanh": "dz = (1 - y^2) dy",
}
_PAGE = {"relu": "relu", "leaky_relu": "leaky-relu", "sigmoid": "sigmoid", "tanh": "tanh"}


def _other_layer(kind: str) -> Mistake:
    name = f"{_PAGE[kind]}-mask-of-other-layer" if kind == "relu" else f"{_PAGE[kind]}-of-other-layer"
    return Mistake(
        name,
        kind,
        "derivative at another layer's values",
        "the activation's derivative taken at another layer's values",
        f"{_RIGHT[kind]}   <- this layer's own z",
        "Check the index of the cached values in the backward loop.",
        page(_PAGE[kind], name),
        _elsewhere,
        rank=2,
    )


def _at_zero(kind: str) -> Mistake:
    name = f"{_PAGE[kind]}-at-zero"
    return Mistake(
        name,
        kind,
        "another derivative at exactly zero",
        "another value of the derivative where z is exactly 0",
        f"{_RIGHT[kind]}   <- at z = 0 itself there is no derivative: any value between both slopes will do",
        "Nothing to mend: both are right. To compare with other code, use its choice.",
        page(_PAGE[kind], name),
        _kinked(kind),
        rank=1,
        harmless=True,
    )


MISTAKES = {
    "relu": (
        _entry(
            "relu",
            "relu-mask-missing",
            "ReLU's mask missing",
            "the derivative of the ReLU left out",
            "the zeros are missing",
            "Set dy to 0 where the unit was off.",
            _shape("one"),
        ),
        _entry(
            "relu",
            "relu-mask-inverted",
            "ReLU's mask inverted",
            "the mask of the ReLU inverted",
            "where z > 0, not where z <= 0",
            "Turn the comparison round.",
            _shape("inverted"),
        ),
        _entry(
            "relu",
            "relu-value-for-mask",
            "the activation in place of its mask",
            "dy multiplied by the ReLU's value in place of its derivative",
            "1 where z > 0, not y",
            "Multiply by (z > 0).",
            _shape("value"),
            rank=1,
        ),
        _other_layer("relu"),
        _at_zero("relu"),
    ),
    "leaky_relu": (
        _entry(
            "leaky_relu",
            "leaky-slope-missing",
            "leaky slope missing",
            "0 in place of the slope below zero",
            "the slope is missing",
            "Multiply by the slope where z <= 0.",
            _shape("no slope"),
        ),
        _entry(
            "leaky_relu",
            "leaky-derivative-missing",
            "leaky ReLU's derivative missing",
            "the derivative of the leaky ReLU left out",
            "the slope below zero is missing",
            "Multiply by the slope where z <= 0.",
            _shape("one"),
        ),
        _entry(
            "leaky_relu",
            "leaky-inverted",
            "leaky ReLU's sides exchanged",
            "the two slopes of the leaky ReLU exchanged",
            "1 above zero, the slope below",
            "Turn the comparison round.",
            _shape("inverted"),
        ),
        _entry(
            "leaky_relu",
            "leaky-value-for-derivative",
            "the activation in place of its derivative",
            "dy multiplied by the activation's value in place of its derivative",
            "1 or the slope, not y",
            "Multiply by the derivative.",
            _shape("value"),
            rank=1,
        ),
        _other_layer("leaky_relu"),
        _at_zero("leaky_relu"),
    ),
    "sigmoid": (
        _entry(
            "sigmoid",
            "sigmoid-slope-missing",
            "sigmoid's slope missing",
            "the sigmoid's slope left out of its derivative",
            "the inner derivative, the slope, is missing",
            "Multiply by the slope: d/dz of 1 / (1 + exp(-slope z)) is slope y (1 - y).",
            _shape("no slope"),
            _shape("slope squared", "or applied twice"),
        ),
        _entry(
            "sigmoid",
            "sigmoid-of-activation",
            "sigmoid' of the activation",
            "the sigmoid applied once more: its derivative taken of y in place of z",
            "y is the sigmoid's output already",
            "Use y (1 - y) with the cached output, or s(z) (1 - s(z)) with the input.",
            _shape("of y"),
            _shape("of y, no slope", "without the slope"),
        ),
        _entry(
            "sigmoid",
            "sigmoid-of-preactivation",
            "y (1 - y) with z for y",
            "z (1 - z): the formula for the output fed with the input",
            "y is the output s(z), not z",
            "Put the sigmoid's output into y (1 - y).",
            _shape("of z"),
            _shape("of z, no slope", "without the slope"),
        ),
        _entry(
            "sigmoid",
            "sigmoid-factor-missing",
            "factor 1 - y missing",
            "the factor (1 - y) left out of the sigmoid's derivative",
            "the factor (1 - y) is missing",
            "Multiply by (1 - y) too.",
            _shape("half"),
            rank=1,
        ),
        _entry(
            "sigmoid",
            "sigmoid-derivative-missing",
            "sigmoid's derivative missing",
            "the derivative of the sigmoid left out",
            "this factor is missing",
            "Multiply by slope y (1 - y).",
            _shape("one"),
        ),
        _other_layer("sigmoid"),
    ),
    "tanh": (
        _entry(
            "tanh",
            "tanh-of-activation",
            "tanh' of the activation",
            "the tanh applied once more: its derivative taken of y in place of z",
            "y is the tanh's output already",
            "Use 1 - y^2 with the cached output.",
            _shape("of y"),
        ),
        _entry(
            "tanh",
            "tanh-of-preactivation",
            "1 - y^2 with z for y",
            "1 - z^2: the formula for the output fed with the input",
            "y is the output tanh(z), not z",
            "Put the tanh's output into 1 - y^2.",
            _shape("of z"),
        ),
        _entry(
            "tanh",
            "tanh-square-missing",
            "square missing",
            "1 - y in place of 1 - y^2",
            "the square is missing",
            "Square y.",
            _shape("no square"),
        ),
        _entry(
            "tanh",
            "tanh-derivative-missing",
            "tanh's derivative missing",
            "the derivative of the tanh left out",
            "this factor is missing",
            "Multiply by 1 - y^2.",
            _shape("one"),
        ),
        _other_layer("tanh"),
    ),
}
