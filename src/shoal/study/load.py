"""A study file in, a validated study out; or every mistake in it at once."""

from __future__ import annotations

import copy
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shoal.errors import StudyError
from shoal.study.mistakes import describe, nearest
from shoal.study.spec.levels import level_label
from shoal.study.spec.paths import TABLES
from shoal.study.spec.study import MOST_MEMBERS, Factor, Settings, Study
from shoal.study.toml_text import to_toml
from shoal.study.vary import DEFAULT_SEEDS, read_vary

MOST_BYTES = 1_000_000
TOP = ("question", *TABLES, "vary")


def load_study(path: str | Path, seeds: int | None = None) -> Study:
    """Read and validate a study file, with `seeds` in place of its own number of seeds if given.

    Raises StudyError that lists every mistake with its path.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyError(
            f"The study file {path} cannot be read: {error.strerror}.", "Check its path."
        ) from None
    if len(content) > MOST_BYTES:
        raise StudyError(f"{path} has {len(content)} bytes; a study file has at most {MOST_BYTES}.")
    try:
        text = content.decode()
        raw = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"{path} is not valid TOML: {error}.", "Mend the line it names.") from None
    except RecursionError:
        raise StudyError(f"{path} is nested too deeply.", "A study file has at most four levels.") from None
    if seeds is not None and isinstance(raw.get("vary", {}), dict):
        raw["vary"] = {**raw.get("vary", {}), "seed": seeds}
        text = to_toml(raw)
    return make_study(raw, text, source=str(path))


def make_study(raw: Mapping[str, Any], text: str | None = None, source: str = "the study") -> Study:
    """The same from a dictionary of the same shape as the file (`{"training": {...}, "vary": {...}}`)."""
    raw = copy.deepcopy(dict(raw))
    mistakes = [f"{key}: unknown table or key{nearest(key, TOP)}" for key in raw if key not in TOP]
    vary = raw.pop("vary", {})
    base = {key: value for key, value in raw.items() if key in TOP}
    if isinstance(vary, Mapping):
        factors, seeds, wrong = read_vary(dict(vary), base)
        mistakes += wrong
    else:
        factors, seeds = (), tuple(range(DEFAULT_SEEDS))
        mistakes.append(f"vary: expected a table, got {vary!r}")
    settings, wrong = validated_settings(apply_levels(base, {f.path: f.levels[0] for f in factors}))
    mistakes += wrong
    if not wrong:
        mistakes += _wrong_levels(base, factors)
    members = math.prod(len(f.levels) for f in factors) * len(seeds)
    if members > MOST_MEMBERS:
        mistakes.append(f"vary: {members:,} members; a study has at most {MOST_MEMBERS:,}")
    if mistakes or settings is None:
        many = f"{len(mistakes)} mistakes" if len(mistakes) > 1 else "a mistake"
        raise StudyError(f"{source} has {many}:\n  " + "\n  ".join(mistakes), "Nothing was run.")
    written = text if text is not None else to_toml({**raw, **({"vary": dict(vary)} if vary else {})})
    return Study(base=settings, factors=factors, seeds=seeds, raw=base, text=written)


def validated_settings(raw: Mapping[str, Any]) -> tuple[Settings | None, list[str]]:
    """Settings, or the sentences that say what is wrong with them."""
    try:
        return Settings.model_validate(raw), []
    except ValidationError as error:
        return None, describe(error, raw)


def apply_levels(raw: Mapping[str, Any], levels: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the raw tables with a level at each dotted path."""
    result = copy.deepcopy(dict(raw))
    for path, level in levels.items():
        *tables, last = path.split(".")
        at = result
        for name in tables:
            below = at.get(name)
            at[name] = dict(below) if isinstance(below, Mapping) else {}
            at = at[name]
        at[last] = copy.deepcopy(level)
    return result


def _wrong_levels(base: Mapping[str, Any], factors: tuple[Factor, ...]) -> list[str]:
    first = {f.path: f.levels[0] for f in factors}
    mistakes = []
    for factor in factors:
        for i, level in enumerate(factor.levels[1:], start=1):
            _, wrong = validated_settings(apply_levels(base, {**first, factor.path: level}))
            mistakes += [f'vary."{factor.path}", level {i + 1} ({level_label(level)}): {m}' for m in wrong]
    return mistakes
