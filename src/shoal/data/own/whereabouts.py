"""Where a path of `[data]` leads: beside the study file, else in a data folder."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from shoal.errors import DataError


def find_own(path: str, folders: Sequence[Path]) -> Path:
    """The file or folder that `path` names: an absolute one as it is, else the first found in `folders`.

    Raises `DataError` that says where was looked, with the nearest name that is there.
    """
    if not path.strip():
        raise DataError("data.path is empty", "name a file or a folder of images")
    wanted = Path(os.path.expanduser(path))
    tried = [wanted] if wanted.is_absolute() else [folder / wanted for folder in folders]
    for candidate in tried:
        if os.path.exists(candidate):
            return candidate
    near = next(filter(None, map(_nearest, tried)), "")
    raise DataError(
        f"there is no {' and no '.join(dict.fromkeys(map(str, tried)))}",
        f"{near}a path is taken from the study file's folder, else from the data folder (--data-dir)",
    )


def _nearest(path: Path) -> str:
    """A name beside the one that is missing, where one is close."""
    try:
        names = os.listdir(path.parent)
    except (OSError, ValueError):  # no such folder, or no name of one
        return ""
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    return f"did you mean {str(path.with_name(close[0]))!r}? " if close else ""
