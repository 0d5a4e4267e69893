"""A catalogued mistake: its words, the ways to plant it in a backward pass, and its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from shoal.doctor.layer_at_point import LayerAtPoint

_FOLDER = "docs/mistakes"


def page(file: str, anchor: str) -> str:
    """The page of a mistake, from the root of the repository."""
    return f"{_FOLDER}/{file}.md#{anchor}"


Options: TypeAlias = Mapping[
    str, Any
]  # arguments of a layer's planted backward that differ from the right ones


@dataclass(frozen=True)
class Way:
    """One reading of a mistake, as `options` of the planted backward; two with no option in common combine.

    `parts` are what it spoils first: "dx", or the parameters whose own formula is wrong. `note` tells this
    way from the mistake's others, a higher `rank` that it is rarer.
    """

    options: Options
    parts: tuple[str, ...]
    note: str = ""
    rank: int = 0


@dataclass(frozen=True)
class Mistake:
    """An entry of the catalogue.

    `sentence` ends "Your gradient equals the true one with ...". `equation` is the right equation, its
    missing or wrong term marked with "<-". `remedy` says what to do. `ways` lists the ways that fit a layer:
    none where the mistake cannot be made there. `rank` settles ties: the lower, the likelier.
    A `harmless` one is a choice that is as good as ours.
    """

    name: str
    kind: str
    title: str
    sentence: str
    equation: str
    remedy: str
    page: str
    ways: Callable[[LayerAtPoint], Sequence[Way]] = field(repr=False, default=lambda site: ())
    rank: int = 0
    harmless: bool = False


def always(*ways: Way) -> Callable[[LayerAtPoint], Sequence[Way]]:
    """The same ways at every layer."""
    return lambda site: ways
