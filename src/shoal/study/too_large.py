"""Tables and lists with more in them than any study has, found before every entry is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shoal.study.settings.levels import MOST_LEVELS
from shoal.study.settings.network import MOST_LAYERS
from shoal.study.settings.record import MOST_POINTS
from shoal.study.settings.study import MOST_MEMBERS

MOST_KEYS = 1000  # of a table
MOST_ENTRIES = MOST_LAYERS + 1  # of a list: an initializer for each layer, and for the map onto the classes


def too_large(raw: Any, path: str = "") -> Iterator[str]:
    """A sentence about each table and list that is too long; nothing below one that is."""
    if isinstance(raw, Mapping):
        most = MOST_LEVELS if path.startswith("vary.") else MOST_KEYS
        below: Any = ((f"{path}.{key}".lstrip("."), value) for key, value in raw.items())
        what = "keys"
    elif isinstance(raw, (list, tuple)):
        most = _most_entries(path)
        below = ((path if ", entry" in path else f"{path}, entry", value) for value in raw)
        what = "entries"
    else:
        return
    if len(raw) > most:
        yield f"{path or 'top'}: got {len(raw):,} {what}; expected at most {most:,}"
        return
    for inner, value in below:
        if isinstance(value, (Mapping, list, tuple)):
            yield from too_large(value, inner)


def _most_entries(path: str) -> int:
    if path == "vary.seed":
        return MOST_MEMBERS
    if path == "record.steps":
        return MOST_POINTS
    return MOST_LEVELS if path.startswith("vary.") and ", entry" not in path else MOST_ENTRIES
