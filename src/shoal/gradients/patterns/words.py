"""A factor in words: the sign, the number of examples, a small fraction."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

LARGEST = 12  # numerators and denominators up to here are called fractions
SIMPLE = 4  # and up to here they are more likely than a wrong count
CLOSE = 1e-4


@dataclass(frozen=True)
class Known:
    """What is known beside the numbers: how many examples, the L2 coefficient (cost l2 sum W^2), and other
    counts that may have been divided by: the lengths of all axes."""

    examples: int | None = None
    l2: float | None = None
    counts: frozenset[int] = frozenset()


def name_factor(factor: float, precision: float, known: Known, *, bias: bool) -> tuple[str, str]:
    """The slug of a factor and what it suggests ("" where nothing is known to give it).

    `precision` is the relative error of the factor. `bias` says that the block is a vector.
    """
    examples = known.examples
    close = max(CLOSE * 1e-2, 3 * precision)
    if close > 0.02:
        return "factor", ""
    if _is(factor, -1, close):
        return "sign-flipped", "the sign is flipped"
    size, flipped = abs(factor), "the sign is flipped, and " if factor < 0 else ""
    if examples is not None and examples > 1:
        slug, text = _by_examples(size, examples, close, bias, known.counts)
        if slug:
            return slug, flipped + text
    fraction = Fraction(size).limit_denominator(LARGEST)
    if fraction.numerator <= LARGEST and fraction > 0 and _is(size, float(fraction), close):
        return "factor", flipped + _fraction(fraction)
    if size > 1 and _is(size, round(size), close):
        return (
            "factor",
            f"{flipped}if there are {round(size)} examples, the division by their number is missing",
        )
    if size < 1 and _is(1 / size, round(1 / size), close):
        number = round(1 / size)
        return "factor", f"{flipped}if there are {number} examples, 1/{number} is applied once too often"
    return "factor", flipped.removesuffix(", and ")


def _by_examples(size: float, n: int, close: float, bias: bool, counts: frozenset[int]) -> tuple[str, str]:
    """Slips with 1/N."""
    if _is(size, n, close):
        return "one-over-n-missing", f"the division by the number of examples (1/{n}) is missing"
    if _is(size, 1 / n, close):
        if bias:
            return (
                "bias-mean",
                f"a mean over the {n} examples is taken where a sum belongs (1/{n} applied twice)",
            )
        return "one-over-n-twice", f"the division by the number of examples (1/{n}) is applied twice"
    for count in (n - 1, n + 1, *sorted(counts)):
        if count > 0 and _is(size, n / count, close):
            text = f"it is divided by {count} in place of the {n} examples"
            simple = Fraction(n, count)
            if max(simple.numerator, simple.denominator) <= SIMPLE:
                return "factor", f"{_fraction(simple)}, or {text}"
            return "one-over-n-wrong-count", text
    return "", ""


def _fraction(fraction: Fraction) -> str:
    words = {
        Fraction(2): "a factor 2 too many",
        Fraction(1, 2): "a factor 2 is missing",
    }
    if fraction in words:
        return words[fraction]
    if fraction.denominator == 1:
        return f"a factor {fraction.numerator} too many"
    if fraction.numerator == 1:
        return f"a factor {fraction.denominator} is missing"
    return f"{fraction.numerator}/{fraction.denominator} of it"


def _is(value: float, wanted: float, close: float) -> bool:
    return abs(value - wanted) <= close * abs(wanted)
