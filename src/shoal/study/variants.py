"""Reads variants: a factor of `[vary]` whose levels have names, each of which stands for several settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shoal.study.expected import as_written
from shoal.study.mistakes import MOST_TOLD
from shoal.study.spec.levels import MOST_LEVELS, Variant
from shoal.study.vary_paths import VARIED, wrong_path

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
