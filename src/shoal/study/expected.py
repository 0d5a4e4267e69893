"""What a setting may be, in words: pydantic's kinds of error and values as a study file writes them."""

from __future__ import annotations

import re
from typing import Any

from shoal.study.toml_text import inline

MOST_SHOWN = 70  # characters of a value that are repeated in a message

_EXPECTED = {
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "{le} or less",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entries",
    "value_error": "{error}",
}


def expectation(error: Any) -> str:
    """What was expected, for one of pydantic's errors."""
    context = {
        key: f"{v:g}" if isinstance(v, float) else f"{v:,}" if isinstance(v, int) else v
        for key, v in error.get("ctx", {}).items()
    }
    wording = _EXPECTED.get(error["type"])
    if wording is None:  # a kind of error that no setting is known to raise, in pydantic's own words
        return error["msg"].removeprefix("Input should be ")
    return wording.format(**context)


def words_expected(error: Any) -> list[str]:
    """The words that a setting may be, where its error lists them."""
    return re.findall(r"'([^']+)'", error["ctx"]["expected"]) if error["type"] == "literal_error" else []


def listed(words: list[str]) -> str:
    """Words in a sentence."""
    return f"one of {', '.join(words)}" if len(words) > 1 else f'"{words[0]}"'


def as_written(value: Any) -> str:
    """A value much as a study file writes it, shortened where it is long."""
    if isinstance(value, str):
        text = repr(value)
    else:
        try:
            text = inline(value)
        except (TypeError, ValueError):  # an object of Python's that TOML has no form for
            long = isinstance(value, int)  # of more digits than Python writes
            text = "a number of thousands of digits" if long else f"a {type(value).__name__}"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
