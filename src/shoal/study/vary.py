"""Reads `[vary]`: dotted paths to levels, and the seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shoal.study.expected import as_written
from shoal.study.mistakes import describe, nearest
from shoal.study.spec.data import DataSettings
from shoal.study.spec.levels import MOST_LEVELS, Spaced, level_label
from shoal.study.spec.network import NetworkSettings
from shoal.study.spec.paths import dimension_names
from shoal.study.spec.study import MOST_MEMBERS, Factor
from shoal.study.spec.training import TrainingSettings

DEFAULT_SEEDS = 5
VARIED = {"data": DataSettings, "network": NetworkSettings, "training": TrainingSettings}


def read_vary(
    vary: dict[str, Any], base: Mapping[str, Any]
) -> tuple[tuple[Factor, ...], tuple[int, ...], list[str]]:
    """The factors, the seeds, and the sentences that say what is wrong with them."""
    mistakes: list[str] = []
    seeds = _read_seeds(vary.pop("seed", DEFAULT_SEEDS), mistakes)
    flat = _flatten(vary)
    found: dict[str, tuple[Any, ...]] = {}
    for path, written in flat:
        wrong = _wrong_path(path, base, [other for other, _ in flat])
        if wrong:
            mistakes.append(f'vary."{path}": {wrong}')
            continue
        levels = _read_levels(path, written, mistakes)
        if levels:
            found[path] = levels
    names = dimension_names(list(found))
    factors = tuple(
        Factor(path, name, levels) for (path, levels), name in zip(found.items(), names, strict=True)
    )
    return factors, seeds, mistakes


def _wrong_path(path: str, base: Mapping[str, Any], paths: list[str]) -> str:
    """What is wrong with a path to vary, or nothing."""
    if path.split(".")[0] not in VARIED or not all(path.split(".")) or "." not in path:
        return f"no setting of data, network or training{_meant(path)}"
    if paths.count(path) > 1:
        return "is written twice; give all its levels in one list"
    below = [other for other in paths if other.startswith(f"{path}.")]
    if below:
        return f"cannot vary together with {below[0]}, which lies within it; write whole tables as its levels"
    blocked = _blocked(base, path)
    return f"{blocked} is not a table in this study, so nothing below it can vary" if blocked else ""


def _meant(path: str) -> str:
    known = [f"{name}.{key}" for name, table in VARIED.items() for key in table.model_fields]
    last = path.rsplit(".", 1)[-1]
    same = [k for k in known if last and k.endswith(f".{last}")] or known
    hint = nearest(path if same is known else same[0], same)
    return hint if "mean" in hint else "; write for example `training.l2`"


def _blocked(base: Mapping[str, Any], path: str) -> str:
    at: Any = base
    parts = path.split(".")
    for i, name in enumerate(parts[:-1]):
        at = at.get(name, {})
        if not isinstance(at, Mapping):
            return ".".join(parts[: i + 1])
    return ""


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
    wrong = _wrong_list(levels)
    if wrong:
        mistakes.append(f'vary."{path}": {wrong}')
        return ()
    return tuple(levels)


def _wrong_list(levels: list[Any]) -> str:
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
