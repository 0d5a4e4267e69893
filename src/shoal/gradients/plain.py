"""Values as JSON can hold them."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite
from typing import Any


def plain(value: Any) -> Any:
    """Tuples become lists, words of an enumeration strings, and numbers that are not finite their names."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, StrEnum):
        return str(value)
    return str(float(value)) if isinstance(value, float) and not isfinite(value) else value
