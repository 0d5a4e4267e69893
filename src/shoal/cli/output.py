"""What commands print: no character that a terminal lacks, and no name of a stranger, ends a command."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING

import typer

from shoal.text import printable_lines

if TYPE_CHECKING:
    from rich.text import Text


# What stands for the characters of our own words where a terminal has ASCII only.
_ASCII = {"±": "+-", "×": "x", "·": "|", "–": "-", "—": "-", "…": "...", "→": "->", "≤": "<=", "≥": ">="}
_ASCII |= {"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " ", "•": "*", "−": "-"}


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """An error handler of codecs: our own signs in ASCII, all else with a backslash."""
    if isinstance(error, UnicodeEncodeError):
        character = error.object[error.start]
        if character in _ASCII:
            return _ASCII[character], error.start + 1
    return codecs.backslashreplace_errors(error)


def print_anything() -> None:
    """From now on standard output and error take every character, whatever their encoding."""
    codecs.register_error("shoal.ascii", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="shoal.ascii")


def say(text: str, err: bool = False, nl: bool = True) -> None:
    """Print a text that may hold names of others: what is unseen in it is escaped."""
    typer.echo(printable_lines(text), err=err, nl=nl)


def plain(text: str) -> Text:
    """The same for a console of rich's: no markup is read in it."""
    from rich.text import Text

    return Text(printable_lines(text))
