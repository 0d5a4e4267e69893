"""Least-squares fits of a wrong gradient: came = f true + c W, a factor f, a term in the parameters, or both.

A factor is told in words: a sign, the number of examples, a small fraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from shoal.gradients.patterns.finding import ENOUGH, Block, Finding, judge

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


NICE = 3.0  # digits of evidence that a round number adds


def fit(block: Block, known: Known) -> Finding | None:
    """The simplest of the three that describes the block, if one does."""
    return find_factor(block, known) or find_weights(block, known) or find_both(block, known)


def find_factor(block: Block, known: Known) -> Finding | None:
    """came = f true."""
    at = block.known
    came, true, errors = block.came[at], block.true[at], block.errors[at]
    factor, precision = _solve(came, [true], errors)
    if factor is None or abs(factor[0]) < 1e-9:
        return None
    f = float(factor[0])
    found = judge(came, f * true, true, abs(f) * errors, 1)
    slug, words = name_factor(f, max(precision, found.agreement), known, bias=block.came.ndim < 2)
    if not found.fits or found.digits + (NICE if words else 0.0) < _needed(at):
        return None
    text = f"{block.name} is {_number(f)} times the true gradient" + (f": {words}" if words else "")
    return Finding(slug, text + ".", (block.name,), {"factor": f}, found.agreement)


def find_weights(block: Block, known: Known) -> Finding | None:
    """came = true + c W."""
    at = block.known
    came, true, W, errors = block.came[at], block.true[at], block.value[at], block.errors[at]
    factor, precision = _solve(came - true, [W], errors)
    if factor is None or not factor[0]:
        return None
    c = float(factor[0])
    found = judge(came, true + c * W, true, errors, 1)
    slug, words = _name_l2(c, precision, known, bias=block.came.ndim < 2)
    if not found.fits or found.digits + (NICE if words else 0.0) < _needed(at):
        return None
    letter = "b" if block.came.ndim < 2 else "W"
    text = f"{block.name} is off by {_number(c)} {letter}"
    text += f": {words}" if words else ", as from a term of an L2 penalty that is missing, or one too many"
    return Finding(slug, text + ".", (block.name,), {"weights": c}, found.agreement)


def find_both(block: Block, known: Known) -> Finding | None:
    """came = f true + c W."""
    at = block.known
    came, true, W, errors = block.came[at], block.true[at], block.value[at], block.errors[at]
    factors, precision = _solve(came, [true, W], errors)
    if factors is None:
        return None
    f, c = (float(v) for v in factors)
    found = judge(came, f * true + c * W, true, (abs(f) or 1.0) * errors, 2)
    if not found.fits or found.digits < ENOUGH or abs(f) < 1e-9:
        return None
    slug, text = _name_both(block.name, f, c, precision, known, bias=block.came.ndim < 2)
    return Finding(slug, text, (block.name,), {"factor": f, "weights": c}, found.agreement)


def _name_both(
    name: str, f: float, c: float, precision: float, known: Known, *, bias: bool
) -> tuple[str, str]:
    """With the loss's L2 term known: came = f (true - 2 l2 W) + r 2 l2 W. The slug, and the sentence."""
    slug, words = name_factor(f, precision, known, bias=bias)
    if known.l2 and not bias:
        r = f + c / (2 * known.l2)
        shares = {0.0: "missing", 0.5: "halved", 1.0: "right", 2.0: "doubled", -1.0: "of the wrong sign"}
        for share, what in shares.items():
            if abs(r - share) <= 1e-3 + 10 * precision * abs(f):
                text = f"{name} is {_number(f)} times the true gradient of the data's part"
                text += f" ({words})" if words else ""
                slug = slug if share == 1.0 else "factor-and-weights"
                return slug, f"{text}, with the L2 term {what}."
    text = f"{name} is {_number(f)} times the true gradient {'+' if c > 0 else '-'} {_number(abs(c))} W"
    return "factor-and-weights", text + (f": {words}." if words else ".")


def _name_l2(c: float, precision: float, known: Known, *, bias: bool) -> tuple[str, str]:
    if not known.l2:
        return "off-by-weights", ""
    ratio, close = c / (2 * known.l2), max(1e-4, 3 * precision)
    if bias:
        if abs(ratio - 1) <= close:
            return "l2-on-biases", "an L2 term is added to a bias, for which the loss has none"
        return "off-by-weights", ""
    names = {
        -1.0: ("l2-missing", "the L2 term 2 l2 W is missing"),
        -0.5: (
            "l2-halved",
            "l2 W came where the cost l2 sum W^2 gives 2 l2 W (with l2/2 sum W^2: it is missing)",
        ),
        1.0: ("l2-doubled", "the L2 term came twice, 4 l2 W in place of 2 l2 W"),
        0.5: ("l2-doubled", "l2 W too much (with the cost l2/2 sum W^2: the L2 term came twice)"),
        -2.0: ("l2-wrong-sign", "the L2 term has the wrong sign"),
    }
    for wanted, named in names.items():
        if abs(ratio - wanted) <= close * abs(wanted):
            return named
    n = known.examples
    if n and n > 1 and abs(ratio - (1 / n - 1)) <= close:
        return "l2-divided-by-n", f"the L2 term is divided by the number of examples ({n}) too"
    return "off-by-weights", f"{_number(ratio)} times the L2 term 2 l2 W too much"


def _solve(came: np.ndarray, parts: list[np.ndarray], errors: np.ndarray) -> tuple[np.ndarray | None, float]:
    """Least squares, every entry weighed by how well it is known; with the relative error of the first."""
    if came.size < len(parts) or not np.all(np.isfinite(came)):
        return None, 0.0
    sigma = errors + 1e-10 * np.abs(came) + 1e-300
    sigma = np.maximum(sigma, 1e-14 * float(np.max(np.abs(came), initial=0.0)))
    A = np.stack(parts, axis=1) / sigma[:, None]
    scale = np.sqrt(np.sum(A * A, axis=0))
    if not np.all(scale > 0):
        return None, 0.0
    solution, _, rank, _ = np.linalg.lstsq(A / scale, came / sigma, rcond=1e-12)
    if rank < len(parts):
        return None, 0.0
    solution = solution / scale
    variance = np.linalg.inv((A / scale).T @ (A / scale))[0, 0]
    return solution, float(np.sqrt(abs(variance)) / scale[0] / (abs(solution[0]) or 1.0))


def _needed(at: np.ndarray) -> float:
    return ENOUGH if at.size > 1 else NICE  # of a single number only a round factor can be told


def _number(value: float) -> str:
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:.3f}" if abs(value) >= 0.1 else f"{value:.4g}"
    return f"{value:.4g}"
