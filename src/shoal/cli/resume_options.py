"""Which folder `--resume` means, and the command that goes on with a run."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.errors import RunError

if TYPE_CHECKING:
    from shoal.study.settings.study import Study


def free_folder(parent: Path, name: str) -> Path:
    """parent/name, or the first of name-2, name-3, ... that does not exist yet."""
    folder, number = parent / name, 1
    while os.path.lexists(folder):  # a link that leads nowhere is taken too
        number += 1
        folder = parent / f"{name}-{number}"
    return folder


def folder_to_resume(parent: Path, name: str, study: Study) -> tuple[Path, str]:
    """The folder that `--resume` means without `--out`, and a line that says which and why.

    Among parent/name, name-2, ... of this very study the one with the highest number that is unfinished; else
    the highest that is finished; else a new one. Raises RunError where only another study is unfinished
    there: most likely the file was changed since.
    """
    folders = numbered(parent, name)
    same = [folder for folder in folders if _text(folder) == study.text.encode()]
    for folder in same:
        if not _finished(folder):
            return folder, f"Going on with {folder}."
    if same:
        return same[0], f"{same[0]} is finished: nothing is left to train."
    for folder in folders:
        if not _finished(folder) and _text(folder) is not None:
            from shoal.runs.folder import another_study

            raise another_study(folder, _text(folder) or b"", study.text)
    folder = free_folder(parent, name)
    return folder, f"There is no run of this study in {parent} yet: beginning {folder}."


def numbered(parent: Path, name: str) -> list[Path]:
    """The folders name, name-2, name-3, ... in `parent`, the highest number first: no clock is asked."""
    if not parent.is_dir():
        return []
    found = {}
    for folder in parent.iterdir():
        match = re.fullmatch(rf"{re.escape(name)}(?:-(\d+))?", folder.name)
        if match and folder.is_dir():
            found[int(match[1] or 1)] = folder
    return [found[number] for number in sorted(found, reverse=True)]


def refuse_taken(folder: Path) -> None:
    """What was written is never overwritten."""
    if os.path.exists(folder / "results.nc"):  # Path.exists would raise where the name is too long
        raise RunError(f"{folder} already holds a run.", "Choose another folder with --out, or move it away.")


def refuse_finished(folder: Path) -> None:
    """A finished run is never overwritten; of an unfinished one the run itself says how far it is."""
    if os.path.exists(folder / "results.nc") and _finished(folder):
        refuse_taken(folder)


def is_resumable(folder: Path) -> bool:
    """Whether the folder holds a run that `--resume` goes on with."""
    return os.path.exists(folder / "run.json")


def command_to_go_on(folder: Path) -> str:
    """What was typed, with the folder and `--resume`."""
    typed = sys.argv[1:]
    named = any(word == "--out" or word.startswith("--out=") for word in typed)
    words = ["shoal", *typed, *([] if named else ["--out", str(folder)])]
    return shlex.join(words if "--resume" in typed else [*words, "--resume"])


def _text(folder: Path) -> bytes | None:
    from shoal.runs.read_write import study_text

    return study_text(folder)


def _finished(folder: Path) -> bool:
    from shoal.runs.read_write import finished_run

    return finished_run(folder) is not None
