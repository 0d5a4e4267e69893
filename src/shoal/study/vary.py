"""Reads `[vary]`: dotted paths to levels, and the seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shoal.study.mistakes import describe, nearest
from shoal.study.spec.data import DataSettings
from shoal.study.spec.levels import Spaced, level_label
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
    for path, written in flat.items():
        if path.split(".")[0] not in VARIED or "." not in path:
            known = [f"{name}.{key}" for name, table in VARIED.items() for key in table.model_fields]
            mistakes.append(f'vary."{path}": no setting of data, network or training{nearest(path, known)}')
            continue
        blocked = _blocked(base, path)
        if blocked:
            mistakes.append(
                f'vary."{path}": {blocked} is not a table in this study, so nothing below it can vary'
            )
            continue
        levels = _read_levels(path, written, mistakes)
        if levels:
            found[path] = levels
    names = dimension_names(list(found))
    factors = tuple(
        Factor(path, name, levels) for (path, levels), name in zip(found.items(), names, strict=True)
    )
    return factors, seeds, mistakes


def _blocked(base: Mapping[str, Any], path: str) -> str:
    at: Any = base
    parts = path.split(".")
    for i, name in enumerate(parts[:-1]):
        at = at.get(name, {})
        if not isinstance(at, Mapping):
            return ".".join(parts[: i + 1])
    return ""


def _flatten(vary: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in vary.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and not set(value) & {"log", "linear", "count"}:
            flat |= _flatten(value, f"{path}.")
        else:
            flat[path] = value
    return flat


def _read_levels(path: str, written: Any, mistakes: list[str]) -> tuple[Any, ...]:
    if isinstance(written, Mapping):
        try:
            return tuple(Spaced.model_validate(written).levels())
        except ValidationError as error:
            mistakes += [f'vary."{path}": {message}' for message in describe(error, written)]
            return ()
    if not isinstance(written, (list, tuple)):
        mistakes.append(
            f'vary."{path}": got {written!r}; expected a list of levels or '
            "{ log = [first, last], count = n }"
        )
        return ()
    if not written:
        mistakes.append(f'vary."{path}": the list of levels is empty; give at least one level')
    labels = [level_label(level) for level in written]
    doubled = sorted({label for label in labels if labels.count(label) > 1})
    if doubled:
        mistakes.append(f'vary."{path}": the level {", ".join(doubled)} is listed more than once')
        return ()
    return tuple(written)


def _read_seeds(written: Any, mistakes: list[str]) -> tuple[int, ...]:
    if isinstance(written, int) and not isinstance(written, bool):
        if 1 <= written <= MOST_MEMBERS:
            return tuple(range(written))
    elif isinstance(written, (list, tuple)) and written:
        whole = all(isinstance(s, int) and not isinstance(s, bool) and 0 <= s < 2**31 for s in written)
        if whole and len(set(written)) == len(written):
            return tuple(written)
    mistakes.append(
        f"vary.seed: expected a number of seeds (1 or more) or a list of different seeds, got {written!r}"
    )
    return (0,)
