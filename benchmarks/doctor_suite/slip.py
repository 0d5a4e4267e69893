"""A mistake at its places in one network, and how the student's code asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Slip:
    """One mistake. `at`: the layers (or the loss, or "network") where it is made.

    `variant`: which way of making it, of those that the catalogue's line allows. `other`: for each layer
    in `at`, the other layer that is taken by mistake, where there is one.
    """

    name: str
    at: tuple[str, ...]
    variant: str = "plain"
    other: tuple[str, ...] = ()

    def describe(self) -> str:
        """`name (variant) at layer, layer`."""
        variant = "" if self.variant == "plain" else f" ({self.variant})"
        other = f" from {', '.join(self.other)}" if self.other else ""
        return f"{self.name}{variant} at {', '.join(self.at)}{other}"


Made = Callable[[str], "str | None"]


@dataclass(frozen=True)
class Slips:
    """All mistakes of one backward pass."""

    slips: Sequence[Slip] = ()

    def at(self, place: str) -> Made:
        """made(name): the variant in which that mistake is made at `place`, or None."""
        here = {slip.name: slip.variant for slip in self.slips if place in slip.at}
        return here.get

    def find(self, name: str) -> Slip | None:
        """The slip of that name, wherever it is made."""
        return next((slip for slip in self.slips if slip.name == name), None)

    def other(self, name: str, place: str) -> str:
        """The layer that is taken by mistake in place of `place`."""
        slip = next(slip for slip in self.slips if slip.name == name and place in slip.at)
        return slip.other[slip.at.index(place)]
