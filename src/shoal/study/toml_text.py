"""A study built in code, written as the TOML that would have made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_toml(raw: Mapping[str, Any]) -> str:
    """TOML text of a dictionary of plain values and tables, two levels deep, deeper ones inline."""
    lines = [f"{_key(k)} = {_value(v)}" for k, v in raw.items() if not isinstance(v, Mapping)]
    for name, table in raw.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{_key(name)}]", *(f"{_key(k)} = {_value(v)}" for k, v in table.items())]
    return "\n".join(lines).strip() + "\n"


def _key(key: str) -> str:
    plain = key.replace("_", "").replace("-", "")
    return key if plain.isalnum() and plain.isascii() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    return "[" + ", ".join(_value(v) for v in value) + "]"
