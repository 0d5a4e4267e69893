"""A folder that holds another study than the one asked for: what differs."""

from __future__ import annotations

import difflib
from pathlib import Path

from shoal.errors import RunError
from shoal.text import printable

MOST_LINES = 30  # of a difference that is shown


def another_study(folder: Path, kept: bytes, text: str) -> RunError:
    """The folder's study.toml, `kept`, is not the one with this text: where they differ."""
    return RunError(
        f"{folder} holds the run of another study. The one there (-) and this one (+):\n"
        + difference(kept.decode(errors="replace"), text),
        "Choose another folder with --out, or move that one away: nothing in it was changed.",
    )


def difference(before: str, now: str) -> str:
    """Two texts as a short unified difference, indented."""
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), n=1, lineterm="")
    shown = [line for line in lines if not line.startswith(("---", "+++"))]
    rest = [f"... and {len(shown) - MOST_LINES} more lines"] if len(shown) > MOST_LINES else []
    return "\n".join(f"  {printable(line)}" for line in [*shown[:MOST_LINES], *rest])
