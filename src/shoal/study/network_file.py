"""A network file in, validated whole; or every mistake in it at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shoal.errors import StudyError
from shoal.study.load import counted, refuse_too_large
from shoal.study.mistakes import describe
from shoal.study.spec.submission import NetworkFile
from shoal.study.toml_file import read_toml
from shoal.study.toml_text import plain


def load_network_file(path: str | Path, seed: int | None = None) -> NetworkFile:
    """Read and validate a network file, with `seed` in place of its own if given.

    Raises StudyError that lists every mistake with its path.
    """
    path = Path(path)
    _, raw = read_toml(path, "network")
    settings = make_network_file(raw, str(path))
    if seed is None:
        return settings
    return settings.model_copy(update={"submission": settings.submission.model_copy(update={"seed": seed})})


def make_network_file(raw: Mapping[str, Any], source: str = "The network file") -> NetworkFile:
    """The same from a dictionary of the same shape as the file."""
    raw = plain(raw)
    refuse_too_large(raw, source)
    written = {key: value for key, value in raw.items() if key != "vary"}
    mistakes = ["vary: a network file describes one network; leave [vary] out"] if "vary" in raw else []
    try:
        settings = NetworkFile.model_validate(written)
    except ValidationError as error:
        mistakes += [str(mistake) for mistake in describe(error, written, NetworkFile)]
        settings = None
    if mistakes or settings is None:
        raise StudyError(f"{source} {counted(mistakes)}", "Nothing was run.")
    return settings
