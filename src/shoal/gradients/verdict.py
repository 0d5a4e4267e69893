"""The verdict of comparing a block of gradients, how it looks on a page and in JSON."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite
from typing import Any


def plain(value: Any) -> Any:
    """Tuples become lists, words of an enumeration strings, and numbers that are not finite their names."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, StrEnum):
        return str(value)
    return str(float(value)) if isinstance(value, float) and not isfinite(value) else value


class Verdict(StrEnum):
    """The verdict on one block.

    A block that is `zero by construction` is 0 in exact arithmetic. At a `kink` no derivative exists, and
    any number between the slopes on both sides is right. Of `rounding only` nothing can be said.
    """

    OK = "ok"
    ZERO = "zero by construction"
    KINK = "kink"
    ROUNDING = "rounding only"
    WRONG = "WRONG"


STYLES = {
    Verdict.OK: "green",
    Verdict.ZERO: "green",
    Verdict.KINK: "yellow",
    Verdict.ROUNDING: "yellow",
    Verdict.WRONG: "bold red",
}
"""On a terminal."""

# Okabe and Ito's bluish green, orange and vermillion: read on white and on black, told apart with any colour
# vision. The word is always there too.
COLOURS = {
    Verdict.OK: "#009E73",
    Verdict.ZERO: "#009E73",
    Verdict.KINK: "#C98A00",
    Verdict.ROUNDING: "#C98A00",
    Verdict.WRONG: "#D55E00",
}
"""In a notebook."""
