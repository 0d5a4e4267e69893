"""Words of others, fit to be shown."""

from __future__ import annotations

import unicodedata

_UNSEEN = ("Cc", "Cs", "Cn", "Zl", "Zp")  # control characters, halves of surrogates, unassigned, line ends
_TURNING = "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def printable(text: str, most: int = 200) -> str:
    r"""A name or a message of unknown origin in one line: control characters, those that turn the direction
    of writing, and bytes that are no UTF-8 stand as escapes (\x1b, \u202e); cut after `most` characters.
    """
    shown = "".join(_escaped(c) if _is_unseen(c) else c for c in text[:most])
    return shown if len(text) <= most else f"{shown}…"


def printable_lines(text: str) -> str:
    """The same for a text of several lines, whole: its line ends stay, everything else unseen is escaped."""
    if text.isascii() and text.replace("\n", " ").isprintable():
        return text
    return "\n".join(printable(line, len(line)) for line in text.split("\n"))


def _is_unseen(character: str) -> bool:
    return character in _TURNING or unicodedata.category(character) in _UNSEEN


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
