"""The words of the catalogue's entries on activations. z is the input, y the output."""

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


def entry(
    kind: str, name: str, title: str, sentence: str, mark: str, remedy: str, *ways: Way, rank: int = 0
) -> Mistake:
    """A mistake whose equation is the right one with a mark."""
    equation = f"{_RIGHT[kind]}   <- {mark}"
    return Mistake(
        name, kind, title, sentence, equation, remedy, page(_PAGE[kind], name), always(*ways), rank
    )


def shape(derivative: str, note: str = "") -> Way:
    """Another derivative in place of the right one."""
    return Way({"derivative": derivative}, ("dx",), note, rank=3 if note else 0)


_RIGHT = {
    "relu": "dz = dy where z > 0, else 0",
    "leaky_relu": "dz = dy where z > 0, else slope dy",
    "sigmoid": "dz = slope y (1 - y) dy",
    "tanh": "dz = (1 - y^2) dy",
}
_PAGE = {"relu": "relu", "leaky_relu": "leaky-relu", "sigmoid": "sigmoid", "tanh": "tanh"}


def other_layer(kind: str) -> Mistake:
    """The derivative at the values of another layer."""
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


def at_zero(kind: str) -> Mistake:
    """Another choice where no derivative exists."""
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
