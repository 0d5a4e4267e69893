"""A study file in, a validated study out; or every mistake in it at once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoal.errors import StudyError
from shoal.study.factors import DEFAULT_SEEDS, read_vary
from shoal.study.messages import MOST_SHOWN, MOST_TOLD, ValidationMessage, as_written, nearest
from shoal.study.search_table import first_point, read_search, wrong_points
from shoal.study.settings.base import TABLES
from shoal.study.settings.levels import Variant
from shoal.study.settings.study import (
    MOST_LETTERS,
    MOST_MEMBERS,
    Factor,
    Study,
    validated_settings,
    with_levels,
)
from shoal.study.toml import plain, read_toml, to_toml
from shoal.study.too_large import too_large
from shoal.text import printable

MOST_LISTED = 20  # mistakes in one message
TOP = ("question", *TABLES, "vary", "search")


def load_study(path: str | Path, seeds: int | None = None) -> Study:
    """Read and validate a study file, with `seeds` in place of its own number of seeds if given.

    Raises StudyError that lists every mistake with its path.
    """
    path = Path(path)
    text, raw = read_toml(path)
    if seeds is not None and isinstance(raw.get("vary", {}), dict):
        raw["vary"] = {**raw.get("vary", {}), "seed": seeds}
        return make_study(raw, source=str(path), folder=path.parent)
    return make_study(raw, text, source=str(path), folder=path.parent)


def make_study(
    raw: Mapping[str, Any], text: str | None = None, source: str = "The study", folder: Path | None = None
) -> Study:
    """The same from a dictionary of the same shape as the file (`{"training": {...}, "vary": {...}}`).

    Settings and levels may be NumPy's numbers and arrays; a key whose value is None counts as not written.
    """
    if not isinstance(raw, Mapping):
        raise StudyError(
            f"{source} is {as_written(raw)}; expected a dictionary of tables.", "Nothing was run."
        )
    raw = plain(raw)
    refuse_too_large(raw, source)
    unknown = itertools.islice((key for key in raw if key not in TOP), MOST_TOLD)
    mistakes = [f"{key}: unknown table or key{nearest(key, TOP)}" for key in unknown]
    written = text if text is not None else ""
    vary = raw.get("vary", {})
    base = {key: value for key, value in raw.items() if key in TOP and key not in ("vary", "search")}
    if isinstance(vary, Mapping):
        factors, seeds, wrong = read_vary(dict(vary), base)
        mistakes += wrong
    else:
        factors, seeds = (), tuple(range(DEFAULT_SEEDS))
        mistakes.append(f"vary: got {as_written(vary)}; expected a table")
    search, at = None, {f.path: f.levels[0] for f in factors}
    if "search" in raw:
        search, wrong = read_search(raw["search"], base, list(at))
        mistakes += wrong
        at |= {} if wrong else first_point(search)
    settings, wrong = validated_settings(with_levels(base, at))
    if search is not None and at.keys() >= search.over.keys():
        said = list(wrong_points(search, lambda point: validated_settings(with_levels(base, point))))
        mistakes += said
        wrong = [m for m in wrong if not (said and m.path.startswith(tuple(search.over)))]
    mistakes += [_at_level(mistake, factors) for mistake in wrong]
    members = math.prod(len(f.levels) for f in factors) * len(seeds)
    if members > MOST_MEMBERS:
        mistakes.append(f"vary: {members:,} members; a study has at most {MOST_MEMBERS:,}")
    elif not wrong:
        checked = base if settings is None else {**base, "record": settings.record}  # which never varies
        mistakes += _wrong_levels(checked, factors)
    if mistakes or settings is None:
        raise StudyError(f"{source} {counted(mistakes)}", "Nothing was run.")
    text = written or _as_file(raw, source)
    own = base if search is None else with_levels(base, at)  # a searched setting need not be written
    return Study(
        base=settings, factors=factors, seeds=seeds, raw=own, text=text, folder=folder, search=search
    )


def _as_file(raw: Mapping[str, Any], source: str) -> str:
    """The TOML of a study given in Python, also of settings whose levels stand in their place."""
    try:
        return to_toml(raw)
    except (TypeError, ValueError) as error:  # no form for it, or a number of thousands of digits
        raise StudyError(
            f"{source} cannot be written as a study file: {error}.", "Nothing was run."
        ) from None


def refuse_too_large(raw: Mapping[str, Any], source: str) -> None:
    """Raises StudyError for tables and lists with more in them than any study has."""
    if found := list(itertools.islice(too_large(raw), MOST_LISTED)):
        raise StudyError(f"{source} {counted(found)}", "Nothing was run.")


def counted(mistakes: Sequence[str]) -> str:
    """ "has 2 mistakes:" and the mistakes, one a line."""
    many = f"has {len(mistakes)} mistakes:" if len(mistakes) > 1 else "has a mistake:"
    rest = [f"and {len(mistakes) - MOST_LISTED} more"] if len(mistakes) > MOST_LISTED else []
    if len(mistakes) >= MOST_TOLD:  # the search for more has ended
        many, rest = f"has {MOST_TOLD} mistakes or more:", ["and others"]
    listed = [printable(mistake, MOST_LETTERS) for mistake in mistakes[:MOST_LISTED]]
    return "\n  ".join([many, *listed, *rest])


def _wrong_levels(base: Mapping[str, Any], factors: tuple[Factor, ...]) -> list[str]:
    first = {f.path: f.levels[0] for f in factors}
    mistakes = []
    for factor in factors:
        for i, level in enumerate(factor.levels[1:], start=1):
            _, wrong = validated_settings(with_levels(base, {**first, factor.path: level}))
            mistakes += [_at_level(mistake, (factor,), i) for mistake in wrong]
            if len(mistakes) >= MOST_TOLD:
                return mistakes
    return mistakes


def _at_level(mistake: ValidationMessage, factors: tuple[Factor, ...], i: int = 0) -> str:
    """A mistake in the words of the file: where a level is the cause, by its factor and its place."""
    for factor in factors:
        level = factor.levels[i]
        if isinstance(level, Variant):
            if any(mistake.path == p or mistake.path.startswith((f"{p}.", f"{p},")) for p in level.settings):
                return f'vary.{factor.path}."{level.name}": {mistake}'
            continue
        inside = mistake.path.removeprefix(factor.path)
        if mistake.unknown_key and mistake.path in (factor.path, *_tables_above(factor.path)):
            return f'vary."{factor.path}": {mistake.sentence}'
        if inside == mistake.path and i == 0:
            continue
        where = f'vary."{factor.path}", level {i + 1} ({printable(factor.labels[i], MOST_SHOWN)})'
        if inside == mistake.path:
            return f"{where}: {mistake}"
        return f"{where}: {inside.strip('., ')}{': ' if inside else ''}{mistake.sentence}"
    return str(mistake)


def _tables_above(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]
