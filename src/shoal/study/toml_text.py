"""A study built in code, written as the TOML that would have made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shoal.errors import StudyError

MOST_DEEP = 12  # tables and lists within each other


def plain(value: Any) -> Any:
    """A deep copy made of dictionaries, lists and Python's own numbers, as a study file would give.

    NumPy's arrays and numbers become lists and numbers; a key whose value is None is left out.
    Raises StudyError for what is nested more than MOST_DEEP deep and for a text with a NUL character.
    """
    return _plain(value, MOST_DEEP)


def _plain(value: Any, depth: int) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (Mapping, list, tuple)) and depth == 0:
        raise StudyError(f"The study is nested more than {MOST_DEEP} deep.", "No setting lies that deep.")
    if isinstance(value, Mapping):
        return {str(k): _plain(v, depth - 1) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(v, depth - 1) for v in value]
    if isinstance(value, str) and "\0" in value:
        raise StudyError(f"The text {value!r:.70} holds a NUL character.", "Leave it out.")
    return value


def to_toml(raw: Mapping[str, Any]) -> str:
    """TOML text of a dictionary of plain values and tables, two levels deep, deeper ones inline."""
    lines = [f"{_key(k)} = {inline(v)}" for k, v in raw.items() if not isinstance(v, Mapping)]
    for name, table in raw.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{_key(name)}]", *(f"{_key(k)} = {inline(v)}" for k, v in table.items())]
    return "\n".join(lines).strip() + "\n"


def inline(value: Any) -> str:
    """One value as TOML, on one line. Raises TypeError for what TOML has no form for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {inline(v)}" for k, v in value.items()) + " }"
    return "[" + ", ".join(inline(v) for v in value) + "]"


def _key(key: str) -> str:
    letters = key.replace("_", "").replace("-", "")
    return key if letters.isalnum() and letters.isascii() else _text(key)


def _text(text: str) -> str:
    """A basic string. JSON escapes what TOML wants escaped, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
