"""Bounds written into a study file: two numbers change, every other character stays."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from shoal.errors import StudyError
from shoal.folder import Folder
from shoal.study.load import load_study
from shoal.study.toml import read_toml

_NUMBER = r"[+-]?[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9_]+)?"


def keys_of(schedule: dict[str, Any], low: float, high: float) -> dict[str, float]:
    """What a schedule's keys become: both bounds of a cycle, the peak of every other."""
    if "min" in schedule:
        return {"min": low, "max": high}
    return {"max" if "max" in schedule else "rate": high}


def with_bounds(text: str, low: float, high: float, source: str = "The study") -> str:
    """The text of a study with other bounds in its schedule. Raises StudyError where it has none."""
    raw = tomllib.loads(text)
    training, vary = raw.get("training", {}), raw.get("vary", {})
    varied = [path for path in _paths(vary) if path.startswith("training.schedule")]
    if varied:
        raise StudyError(
            f"{source} varies {varied[0]}, so there is no one place for the bounds.",
            f"Write the levels yourself: minimum {low:g}, maximum {high:g}.",
        )
    schedule = training.get("schedule")
    if not isinstance(schedule, dict):
        raise StudyError(
            f"{source} has no schedule to write bounds into; it was not changed.",
            'Give it one, as in schedule = { kind = "triangular", min = 1e-4, max = 0.1, half_cycle = 500 }, '
            "or leave --write out and write learning_rate yourself.",
        )
    for key, value in keys_of(schedule, low, high).items():
        text = _replaced(text, key, value, source)
    return text


def _paths(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        path = f"{prefix}{key}"
        yield path
        if isinstance(value, dict):
            yield from _paths(value, f"{path}.")


def _replaced(text: str, key: str, value: float, source: str) -> str:
    """The place where `key` is the schedule's is found by trying: the file must then read as it should."""
    wanted = deepcopy(tomllib.loads(text))
    wanted["training"]["schedule"][key] = value
    pattern = rf"""(?<![\w-])(?P<head>(?:{key}|"{key}"|'{key}')[ \t]*=[ \t]*)(?P<number>{_NUMBER})"""
    for match in re.finditer(pattern, text):
        tried = text[: match.start("number")] + _written(value) + text[match.end("number") :]
        try:
            if tomllib.loads(tried) == wanted:
                return tried
        except tomllib.TOMLDecodeError:
            continue
    raise StudyError(
        f"{source}: the place of training.schedule.{key} could not be found; it was not changed.",
        f"Write {key} = {_written(value)} yourself.",
    )


def _written(value: float) -> str:
    """A float that reads back as the same number, the way study files write rates: 1e-5, 0.03."""
    text = repr(value)
    return re.sub(r"e([+-])0*(\d)", lambda m: f"e{'-' if m[1] == '-' else ''}{m[2]}", text)


def difference(before: str, after: str, name: str) -> str:
    """A unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, f"{name} (new)", n=1
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def write_bounds(path: Path, low: float, high: float, before: str) -> tuple[str, Path]:
    """Write the bounds into a study file; the difference, and the backup of what it was.

    Raises StudyError, and changes nothing, where the file is no longer `before`, has no schedule, or would
    not be a study with those bounds.
    """
    path = path.resolve()  # a link stays a link
    low, high = rounded(low), rounded(high)
    content = _bytes_of(path)
    now, _ = read_toml(path)
    if now != before:
        raise StudyError(f"{path} has changed since it was read.", "Nothing was written; run again.")
    after = with_bounds(now, low, high, str(path))
    new = content.replace(now.encode(), after.encode())  # a byte order mark in front stays
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".toml")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(new)
                file.flush()
                os.fsync(file.fileno())
            load_study(part)
            backup = _back_up(path, content)
            part.chmod(path.stat().st_mode & 0o777)
            with Folder.open(path.parent) as folder:
                folder.rename(part.name, path.name)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StudyError(
            f"{path} cannot be written: {error.strerror}.", "Make its folder writable."
        ) from None
    return difference(now, after, path.name), backup


def rounded(rate: float) -> float:
    """Two significant digits: a suggestion knows no more."""
    return float(f"{rate:.1e}")


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}.", "Check its path.") from None


def _back_up(path: Path, content: bytes) -> Path:
    """STUDY.toml.bak, or the first free STUDY.toml.bak-2 ...: no earlier backup is overwritten."""
    number = 1
    while True:
        backup = path.with_name(f"{path.name}.bak" if number == 1 else f"{path.name}.bak-{number}")
        try:
            with backup.open("xb") as file:
                file.write(content)
                os.fsync(file.fileno())
            return backup
        except FileExistsError:
            number += 1
