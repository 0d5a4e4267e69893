"""What stands under one heading of a page."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.report.svg import Drawing, Key


@dataclass(frozen=True)
class Group:
    """Figures under one heading with one legend; `folded` ones open on a click."""

    name: str
    heading: str
    drawings: tuple[Drawing, ...]
    legend: tuple[Key, ...] = ()
    caption: str = ""
    folded: bool = False

    @property
    def narrow(self) -> bool:
        """Whether it leaves room for another beside it."""
        return len(self.drawings) == 1 and not self.folded
