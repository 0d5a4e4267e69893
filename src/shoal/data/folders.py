"""The folders in which data sets are looked for and kept."""

from __future__ import annotations

import os
from pathlib import Path

from shoal.errors import DataError


def user_cache() -> Path:
    """The user's cache folder: SHOAL_CACHE_DIR, else XDG_CACHE_HOME/shoal, else the platform's own."""
    if own := os.environ.get("SHOAL_CACHE_DIR"):
        return Path(own).expanduser()
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(xdg):  # the XDG specification asks for relative ones to be ignored
        return Path(xdg) / "shoal"
    import pooch

    return Path(pooch.os_cache("shoal"))


def search_folders(data_dir: str | Path | None = None) -> list[Path]:
    """Where to look, in order: `data_dir`, SHOAL_DATA_DIR, the user's cache.

    Raises `DataError` for a `data_dir` that does not exist: a typing mistake would otherwise end in a
    download.
    """
    folders = []
    if data_dir is not None:
        folder = Path(data_dir).expanduser()
        if not os.path.isdir(folder):
            raise DataError(f"there is no folder {folder}", "check the path, or create the folder")
        folders.append(folder)
    if env := os.environ.get("SHOAL_DATA_DIR"):
        folders.append(Path(env).expanduser())
    return [*folders, user_cache() / "data"]


def download_folder(data_dir: str | Path | None = None) -> Path:
    """Where downloads go: `data_dir` if given, else SHOAL_DATA_DIR if set, else the user's cache."""
    chosen = data_dir or os.environ.get("SHOAL_DATA_DIR")
    return Path(chosen).expanduser() if chosen else user_cache() / "data"
