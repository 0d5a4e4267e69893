"""What a strategy is: asked for points, told what they came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shoal.study.search.trial import Point, Trial

Ranges = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Verdict:
    """What a strategy makes of a round: which trials it keeps, why the others are dropped, and in words
    what comes next. `ranges` are those of the next round, where it has any."""

    kept: frozenset[int] = frozenset()
    dropped: dict[int, str] = field(default_factory=dict)
    words: str = ""
    ranges: Ranges = field(default_factory=dict)


class Strategy(Protocol):
    """Chooses points, a population at a time. The same answers always follow from what it was told."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """The most points of each round; its length is the most rounds."""
        ...

    def ask(self) -> list[Point]:
        """The points of the next round; none when the search is over."""
        ...

    def close(self) -> None:
        """Let go of what it holds open."""
        ...

    def tell(self, trials: Sequence[Trial]) -> Verdict:
        """Hear of the trials of the points that were asked for, in their order."""
        ...
