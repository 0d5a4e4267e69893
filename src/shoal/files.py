"""Files that a user named: opened only where they are regular, hashed, and refused in plain words."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path

from shoal.errors import RunError

FILE, FOLDER, LINK = "file", "folder", "symbolic link"
_KINDS = (
    (stat.S_ISREG, FILE),
    (stat.S_ISDIR, FOLDER),
    (stat.S_ISLNK, LINK),
    (stat.S_ISFIFO, "named pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)
SAFE_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # opening a pipe would wait for its other end


class UnsafeFileError(RunError):
    """A folder holds something else than files and folders of its own, where a file was expected."""


class TooLargeError(RunError):
    """A file has more bytes than it can have as what it is."""


def part_of(name: str) -> str:
    """The name under which a file is written before it has its own: ".results.nc.part" beside it."""
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}.{last}.part"


def is_part(name: str) -> bool:
    """Whether a file of this name was being written when its process ended."""
    last = name.rpartition("/")[2]
    return last.startswith(".") and last.endswith(".part")


def open_regular(path: Path) -> BufferedReader:
    """A file that a user named, open to be read, through whatever links its path has.

    Raises UnsafeFileError where it is a device, a pipe or a folder, which may never end; OSError.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    kind = kind_of(os.fstat(handle).st_mode)
    if kind != FILE:
        os.close(handle)
        raise UnsafeFileError(f"{path} is a {kind}; expected a file.", "Name a regular file.")
    return os.fdopen(handle, "rb")


def sha256(path: Path) -> str:
    """The SHA-256 of a file that a user named, as hexadecimal digits."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cannot_write(path: Path, error: OSError) -> RunError:
    """The system's refusal as an error with a remedy."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    remedy = "Make room." if full else "Choose a writable folder with --out."
    return RunError(f"{path} cannot be written: {error.strerror}.", remedy)


def cannot_read(path: Path, error: OSError) -> RunError:
    """The same for a file or folder that cannot be read."""
    return RunError(f"{path} cannot be read: {error.strerror}.", "Make its files readable.")


def kind_at(name: str, handle: int) -> str | None:
    try:
        return kind_of(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)
    except OSError:
        return None


def kind_of(mode: int) -> str:
    return next((name for test, name in _KINDS if test(mode)), "special file")


def unsafe(path: Path, kind: str, expected: str = FILE) -> UnsafeFileError:
    remedy = "Remove it, or restore the folder from a copy."
    if kind not in (FILE, FOLDER):
        remedy = (
            "Nothing was read or written through it. Remove it if you know how it came there; if the folder "
            "is someone else's, do not trust it."
        )
    return UnsafeFileError(f"{path} is a {kind}; a {expected} was expected there.", remedy)
