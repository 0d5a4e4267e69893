"""Data files, opened so that none is a device or a pipe, which may never end."""

from __future__ import annotations

from io import BufferedReader
from pathlib import Path

from shoal.errors import DataError
from shoal.files import Folder, UnsafeFileError, open_regular


def open_named(path: Path) -> BufferedReader:
    """A file that a user named, through whatever links its path has.

    Raises `DataError` where it is a device, a pipe or a folder; OSError.
    """
    try:
        return open_regular(path)
    except UnsafeFileError as error:
        raise DataError(error.what, error.remedy) from error


def open_within(path: Path) -> BufferedReader:
    """A file of a data folder, itself no link: it could lead out of the folder.

    Raises `DataError` where it is a link, a device, a pipe or a folder; OSError.
    """
    try:
        with Folder.open(path.parent) as folder:
            return folder.open_file(path.name)
    except UnsafeFileError as error:
        raise DataError(error.what, error.remedy) from error
