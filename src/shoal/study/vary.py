"""Reads `[vary]`: dotted paths to levels, and the seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shoal.study.expected import as_written
from shoal.study.mistakes import describe
from shoal.study.spec.levels import MOST_LEVELS, Spaced, level_label
from shoal.study.spec.paths import dimension_names
from shoal.study.spec.study import MOST_MEMBERS, Factor
from shoal.study.variants import is_variants, overlapping, read_variants
from shoal.study.vary_paths import wrong_path

DEFAULT_SEEDS = 5
MOST_FACTORS = 24


def read_vary(
    vary: dict[str, Any], base: Mapping[str, Any]
) -> tuple[tuple[Factor, ...], tuple[int, ...], list[str]]:
    """The factors, the seeds, and the sentences that say what is wrong with them."""
    mistakes: list[str] = []
    seeds = _read_seeds(vary.pop("seed", DEFAULT_SEEDS), mistakes)
    named = {key: vary.pop(key) for key in [k for k, v in vary.items() if is_variants(k, v)]}
    flat = _flatten(vary)
    if len(flat) + len(named) > MOST_FACTORS:
        said = f"vary: {len(flat) + len(named):,} factors; a study has at most {MOST_FACTORS}"
        return (), seeds, [*mistakes, said]
    variants = {name: read_variants(name, written, base, mistakes) for name, written in named.items()}
    paths = [path for path, _ in flat]
    mistakes += overlapping(variants, paths)
    found: dict[str, tuple[Any, ...]] = {}
    for path, written in flat:
        wrong = wrong_path(path, base, paths)
        if wrong:
            mistakes.append(f'vary."{path}": {wrong}')
            continue
        levels = _read_levels(path, written, mistakes)
        if levels:
            found[path] = levels
    found |= {name: own for name, own in variants.items() if own}
    names = dimension_names(list(found))
    factors = tuple(
        Factor(path, name, levels) for (path, levels), name in zip(found.items(), names, strict=True)
    )
    return factors, seeds, mistakes


def _flatten(vary: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, value in vary.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and not set(value) & {"log", "linear", "count"}:
            flat += _flatten(value, f"{path}.")
        else:
            flat.append((path, value))
    return flat


def _read_levels(path: str, written: Any, mistakes: list[str]) -> tuple[Any, ...]:
    if isinstance(written, Mapping):
        try:
            levels: list[Any] = Spaced.model_validate(written).levels()
        except ValidationError as error:
            mistakes += [f'vary."{path}": {mistake}' for mistake in describe(error, written, Spaced)]
            return ()
    elif isinstance(written, (list, tuple)):
        levels = list(written)
    else:
        mistakes.append(
            f'vary."{path}": got {as_written(written)}; expected a list of levels or '
            "{ log = [first, last], count = n }"
        )
        return ()
    wrong = wrong_levels(levels)
    if wrong:
        mistakes.append(f'vary."{path}": {wrong}')
        return ()
    return tuple(levels)


def wrong_levels(levels: list[Any]) -> str:
    """Levels are told apart by their labels, which name them in tables and among the weights."""
    if not levels:
        return "the list of levels is empty; give at least one level"
    if len(levels) > MOST_LEVELS:
        return f"{len(levels):,} levels; a factor has at most {MOST_LEVELS:,}"
    doubled = [label for label, times in Counter(map(level_label, levels)).items() if times > 1]
    if doubled:
        more = f" and {len(doubled) - 3} more" if len(doubled) > 3 else ""
        return (
            f"levels must differ in their first 6 digits; more than one reads {', '.join(doubled[:3])}{more}"
        )
    return ""


def _read_seeds(written: Any, mistakes: list[str]) -> tuple[int, ...]:
    if isinstance(written, int) and not isinstance(written, bool):
        if 1 <= written <= MOST_MEMBERS:
            return tuple(range(written))
    elif isinstance(written, (list, tuple)) and written:
        whole = all(isinstance(s, int) and not isinstance(s, bool) and 0 <= s < 2**31 for s in written)
        if whole and len(set(written)) == len(written):
            return tuple(written)
    mistakes.append(
        f"vary.seed: got {as_written(written)}; expected a number of seeds (1 to {MOST_MEMBERS:,}) or a list "
        "of different seeds, each 0 or more and below 2**31"
    )
    return (0,)
