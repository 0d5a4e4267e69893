"""TOML in and out: a user's file read with care, a study built in code written as the file it could be.

A file is limited in size and depth; its mistakes are told with its path.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shoal.errors import StudyError

MOST_DEEP = 12  # tables and lists within each other
MOST_VALUES = 1_000_000  # in a whole study, keys and entries of lists counted


def plain(value: Any) -> Any:
    """A deep copy made of dictionaries, lists and Python's own numbers, as a study file would give.

    NumPy's arrays and numbers become lists and numbers; a key whose value is None is left out.
    Raises StudyError for what is nested more than MOST_DEEP deep, for more than MOST_VALUES values and for a
    text with a NUL character or half a surrogate pair.
    """
    return _Plain().copy(value, MOST_DEEP)


class _Plain:
    """Copies and counts: what lies twice in one study is written twice."""

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def copy(self, value: Any, depth: int) -> Any:
        if hasattr(value, "tolist") and not isinstance(value, type):
            self._take(getattr(value, "size", 1))
            value = value.tolist()
        if isinstance(value, (Mapping, list, tuple)):
            if depth == 0:
                raise StudyError(
                    f"The study is nested more than {MOST_DEEP} deep.", "No setting lies that deep."
                )
            self._take(len(value))
        if isinstance(value, Mapping):
            return {_word(str(k)): self.copy(v, depth - 1) for k, v in value.items() if v is not None}
        if isinstance(value, (list, tuple)):
            return [self.copy(v, depth - 1) for v in value]
        return _word(value) if isinstance(value, str) else value

    def _take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise StudyError(
                f"The study holds more than {MOST_VALUES:,} values.", "Give a factor's levels as a range."
            )


def _word(text: str) -> str:
    """A text that TOML and a file can hold."""
    if "\0" in text:
        raise StudyError(f"The text {text!r:.70} holds a NUL character.", "Leave it out.")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise StudyError(
            f"The text {text!a:.70} is not Unicode: it holds half a surrogate pair.", "Leave it out."
        )
    return text


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
    if isinstance(value, (dt.date, dt.time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {inline(v)}" for k, v in value.items()) + " }"
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"TOML has no form for a {type(value).__name__}")
    return "[" + ", ".join(inline(v) for v in value) + "]"


def _key(key: str) -> str:
    letters = key.replace("_", "").replace("-", "")
    return key if letters.isalnum() and letters.isascii() else _text(key)


def _text(text: str) -> str:
    """A basic string. JSON escapes what TOML wants escaped, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


MOST_BYTES = 1_000_000
_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){64}""")  # a.b.c. ...


def read_toml(path: Path, kind: str = "study") -> tuple[str, dict[str, Any]]:
    """The text of a `kind` file and its tables. Raises StudyError where it cannot be read or is not TOML."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise StudyError(
            f"The {kind} file {path} cannot be read: {error.strerror}.", "Check its path."
        ) from None
    if len(content) > MOST_BYTES:
        raise StudyError(f"{path} is larger than {MOST_BYTES:,} bytes.", f"Is it a {kind} file?")
    try:
        text = content.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise RecursionError  # Python's reader would take minutes to say so
        return text, tomllib.loads(text)
    except RecursionError:
        raise StudyError(f"{path} is nested too deeply.", f"No setting lies {MOST_DEEP} deep.") from None
    except ValueError as error:  # not UTF-8, not TOML, or a number of thousands of digits
        raise StudyError(f"{path} is not valid TOML: {error}.", "Mend the line it names.") from None
