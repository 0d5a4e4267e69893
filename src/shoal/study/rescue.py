"""A run whose folder no longer takes a file: what is kept, what can be put back, in one message."""

from __future__ import annotations

from pathlib import Path

from shoal.errors import HaltedError, RunError
from shoal.study.store import RunFolder
from shoal.study.unfinished import Unfinished, put_back


def halted(error: RunError, run: Unfinished) -> HaltedError:
    """The error that ends the run. A folder that was deleted underneath is written again from memory."""
    path = run.folder.path
    if not _gone(path):
        return HaltedError(f"{error.what} Nothing that was kept is lost: {run.remains}.", error.remedy)
    target = free_beside(path)
    try:
        with RunFolder(target, run.plan.study.text) as folder:
            again = put_back(folder, run)
    except RunError as second:
        return HaltedError(f"{path} was deleted while the run wrote into it. {second.what}", second.remedy)
    return HaltedError(
        f"{path} was deleted while the run wrote into it. What the process remembered is written again: "
        f"{again.remains}.",
        f"It lies in {target}: go on with it by --resume.",
    )


def free_beside(path: Path) -> Path:
    """The same place, where nobody has taken it since."""
    return path if _gone(path) else path.with_name(f"{path.name}-rescued")


def _gone(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:  # it is there, but may not be looked at
        return False
    return False
