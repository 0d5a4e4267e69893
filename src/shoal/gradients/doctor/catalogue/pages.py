"""Where each mistake is explained in full."""

from __future__ import annotations

_FOLDER = "docs/mistakes"


def page(file: str, anchor: str) -> str:
    """The page of a mistake, from the root of the repository."""
    return f"{_FOLDER}/{file}.md#{anchor}"
