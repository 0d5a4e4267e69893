"""A TOML file that a user wrote, read with care: bounded in size and depth, its mistakes with its path."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from shoal.errors import StudyError
from shoal.study.toml_text import MOST_DEEP

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
