"""Reads `[vary]`: dotted paths to levels, variants with names, and the seeds.

A level of a variant stands for several settings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from shoal.study.messages import MOST_TOLD, as_written, describe, nearest
from shoal.study.settings.base import dimension_names
from shoal.study.settings.data import DataSettings
from shoal.study.settings.levels import MOST_LEVELS, Spaced, Variant, level_label
from shoal.study.settings.network import NetworkSettings
from shoal.study.settings.study import MOST_MEMBERS, Factor
from shoal.study.settings.training import TrainingSettings

VARIED = {"data": DataSettings, "network": NetworkSettings, "training": TrainingSettings}


def wrong_path(path: str, base: Mapping[str, Any], paths: list[str]) -> str:
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


MOST_SETTINGS = 100  # of one variant, and of all variants of one factor
TAKEN = frozenset(
    {
        *("seed", "step", "epoch", "class", "predicted", "layer", "quantile", "rate", "learning_rate"),
        *("finished", "diverged", "diverged_step", "confusion", "prediction_span", "collapsed"),
    }
)
MERGED = ("schedule", "optimizer")  # tables with a kind: what is written without one is added to the study's


def is_variants(key: str, written: Any) -> bool:
    """Whether a key of `[vary]` names variants: a table of tables, whose name is no table of a study."""
    tables = isinstance(written, Mapping) and all(isinstance(v, Mapping) for v in written.values())
    return tables and bool(written) and "." not in key and key not in VARIED


def read_variants(
    name: str, written: Mapping[str, Any], base: Mapping[str, Any], mistakes: list[str]
) -> tuple[Variant, ...]:
    """The variants of one factor, each a table of settings as a study writes them, or by dotted path."""
    if name in TAKEN or name.startswith(("train_", "validation_", "test_")) or not name.isidentifier():
        mistakes.append(
            f"vary.{name}: the result has another use for this name; call the factor `variant`"
            if name.isidentifier()
            else f"vary.{as_written(name)}: expected a name of letters, digits and _, as `variant`"
        )
        return ()
    if len(written) > MOST_LEVELS:
        mistakes.append(f"vary.{name}: {len(written):,} levels; a factor has at most {MOST_LEVELS:,}")
        return ()
    found = []
    for label, table in written.items():
        where = f'vary.{name}."{label}"'
        settings: dict[str, Any] = {}
        pairs = list(_settings(table))
        if len(pairs) > MOST_SETTINGS:
            mistakes.append(f"{where}: sets {len(pairs):,} settings; a variant sets at most {MOST_SETTINGS}")
            return ()
        for path, value in pairs:
            wrong = "is written twice" if path in settings else wrong_path(path, base, [*settings, path])
            mistakes += [f"{where}: {path} {wrong}"] if wrong else []
            settings[path] = value
        if len(mistakes) >= MOST_TOLD:
            return ()
        found.append(Variant(str(label), settings))
    if len({path for variant in found for path in variant.settings}) > MOST_SETTINGS:
        mistakes.append(f"vary.{name}: its variants set more than {MOST_SETTINGS} different settings")
        return ()
    return tuple(found)


def _settings(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if key not in VARIED or not isinstance(value, Mapping):
            yield key, value
            continue
        for name, setting in value.items():
            path = f"{key}.{name}"
            if name in MERGED and isinstance(setting, Mapping) and "kind" not in setting:
                yield from ((f"{path}.{below}", one) for below, one in setting.items())
            else:
                yield path, setting


def overlapping(variants: Mapping[str, tuple[Variant, ...]], paths: list[str]) -> Iterator[str]:
    """What two factors would both set."""
    owner = {path: f'vary."{path}"' for path in paths}
    for name, own in variants.items():
        mine = list(dict.fromkeys(path for variant in own for path in variant.settings))
        for path in mine:
            for other, factor in owner.items():
                if f"{other}.".startswith(f"{path}.") or f"{path}.".startswith(f"{other}."):
                    yield f"vary.{name}: sets {path}, which {factor} varies too; let one of them do it"
        owner |= dict.fromkeys(mine, f"vary.{name}")
