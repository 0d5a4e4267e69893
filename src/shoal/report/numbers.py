"""How numbers, levels and tables are written, on the page and in the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shoal.analysis import Factor
from shoal.statistics.intervals import Interval
from shoal.text import printable_lines

MISSING = "–"
MINUS = "−"


def short_number(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, without padding: 0.005, 3.73e-4, 45000, 1e5 only above 1e6."""
    if isinstance(value, int) and abs(value) < 10**7:
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -3 <= exponent < 6:
        return (
            f"{value:.{max(digits - 1 - exponent, 0)}f}".rstrip("0").rstrip(".")
            if exponent < digits - 1
            else f"{value:.0f}"
        )
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(power)}"


def level_texts(factor: Factor) -> list[str]:
    """Each level as text; numbers get as many digits as it takes to tell them apart."""
    return levels_as_text(factor.levels)


def levels_as_text(levels: Sequence[Any]) -> list[str]:
    """on/off for true and false, short numbers, strings as they are."""
    if all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels):
        for digits in (3, 4, 6, 9):
            texts = [short_number(level, digits) for level in levels]
            if len(set(texts)) == len(levels):
                return texts
        return [repr(level) for level in levels]
    return [("on" if level else "off") if isinstance(level, bool) else clean(str(level)) for level in levels]


def decimals(value: float, digits: int) -> str:
    """A number with so many digits behind the point: −0.03."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def plain_mean(interval: Interval, digits: int) -> str:
    """−0.07 ± 0.02, in the interval's own unit."""
    return f"{decimals(interval.mean, digits)} ± {interval.half:.{digits}f}"


def percent(fraction: float, digits: int = 2) -> str:
    """0.5291 -> 52.91 (the unit is said beside it)."""
    return MISSING if math.isnan(fraction) else decimals(100 * fraction, digits)


def mean_and_half(interval: Interval) -> str:
    """52.91 ± 0.41, in percent; the mean alone where there is no interval."""
    if not interval.known:
        return percent(interval.mean)
    return f"{percent(interval.mean)} ± {percent(interval.half)}"


def points(interval: Interval) -> str:
    """A difference of accuracies: 0.30 ± 0.25 points."""
    return f"{mean_and_half(interval)} points"


def p_value(p: float) -> str:
    """p = 0.21, or p < 0.001."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 seed, 5 seeds, 10,000 examples."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """8.2 s, 41 s, 3 min 20 s, 1 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def clean(text: str) -> str:
    """Text in one line, whose control characters, and those that turn the direction of writing, stand as
    escapes; line ends become spaces, and what has no shape (a soft hyphen) is left out."""
    shown = printable_lines("".join(" " if c in "\n\r\t" else c for c in text))
    return "".join(c for c in shown if c.isprintable() or c == "\u00a0")


def shorten(text: str, most: int = 24) -> str:
    """Text that fits a figure: cut in the middle, where labels differ least."""
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


@dataclass(frozen=True)
class Table:
    """Rows of text under columns; `numeric` columns are set to the right."""

    heading: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
