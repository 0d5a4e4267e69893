"""Files that are whole or not there: written, synced, renamed; and their hashes."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

from shoal.errors import RunError


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace_synced(part: Path, target: Path) -> None:
    """Rename a file into place once its bytes, and then its name, are on the disk."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    sync_folder(target.parent)


def sync_folder(path: Path) -> None:
    """Put the names in a folder on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def cannot_write(path: Path, error: OSError) -> RunError:
    """The system's refusal as an error with a remedy."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    remedy = "Make room." if full else "Choose a writable folder with --out."
    return RunError(f"{path} cannot be written: {error.strerror}.", remedy)


def remove_if_there(part: Path) -> None:
    """Remove a file that nobody needs; where even that is refused it stays."""
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return
