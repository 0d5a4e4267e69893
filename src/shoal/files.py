"""Files below one folder, whole or not there, and never reached through a link.

A folder that came from someone else may hold anything: a link that leads out of it, a device that never
ends, a pipe that nobody writes to. `Folder` keeps the folder open and reaches every file by its descriptor,
part by part and without following links (openat with O_NOFOLLOW), so that nothing can be put in between a
look and a use. The folder's own path may lead through links: whoever names it chose them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
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
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # opening a pipe would wait for its other end


class UnsafeFileError(RunError):
    """A folder holds something else than files and folders of its own, where a file was expected."""


class TooLargeError(RunError):
    """A file has more bytes than it can have as what it is."""


class Folder:
    """A folder held open. Names are relative to it, of plain parts: "results.nc", "chunks/0001.safetensors".

    Every method raises UnsafeFileError where a part of the name is a link or the file is no regular file, and
    OSError for what the system refuses. Use it as a context, or `close` it.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self.path, self._handle = path, handle

    @classmethod
    def open(cls, path: str | Path) -> Folder:
        """The folder at this path, through whatever links the path has. Raises OSError."""
        path = Path(path)
        return cls(path, os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the folder go; a second time does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def folder(self, name: str) -> Folder:
        """A folder below this one."""
        with self._parent(f"{name}/.") as (handle, _):
            return Folder(self.path / name, os.dup(handle))

    @property
    def in_place(self) -> bool:
        """Whether the path still leads to this folder: it was not removed or moved away."""
        try:
            return os.path.samestat(os.fstat(self._handle), os.stat(self.path))
        except OSError:
            return False

    def kind(self, name: str) -> str | None:
        """What the name stands for: FILE, FOLDER, LINK or another kind; None where there is nothing."""
        try:
            with self._parent(name) as (handle, last):
                return _kind(os.stat(last, dir_fd=handle, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return None

    def exists(self, name: str) -> bool:
        """Whether there is anything of this name."""
        return self.kind(name) is not None

    def listing(self, name: str = "") -> dict[str, str]:
        """The names in this folder, or in one below it, with their kinds, sorted; none if there is none."""
        found = {}
        try:
            with self._parent(f"{name}/." if name else ".") as (parent, _):
                handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
        except FileNotFoundError:
            return {}
        try:
            for one in sorted(os.listdir(handle)):
                if (kind := _kind_at(one, handle)) is not None:  # None: a writer has removed it meanwhile
                    found[one] = kind
        finally:
            os.close(handle)
        return found

    def open_file(self, name: str) -> BufferedReader:
        """A file, open to be read."""
        return os.fdopen(self._open(name, os.O_RDONLY), "rb")

    def read(self, name: str, most: int | None = None) -> bytes:
        """The content of a file. Raises TooLargeError where it has more than `most` bytes."""
        with self.open_file(name) as file:
            size = os.fstat(file.fileno()).st_size
            if most is not None and size > most:
                raise TooLargeError(
                    f"{self.path / name} has {size:,} bytes; at most {most:,} were expected.",
                    "It is not what was written there: restore it from a copy, or remove it.",
                )
            return file.read() if most is None else file.read(most)  # no more, should it grow meanwhile

    def sha256(self, name: str) -> str:
        """The SHA-256 of a file, as hexadecimal digits."""
        with self.open_file(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def create(self, name: str, content: bytes, sync: bool = True) -> None:
        """Write a new file of these bytes and put them on the disk. Raises FileExistsError."""
        with os.fdopen(self._open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())

    def rename(self, part: str, name: str) -> None:
        """Give a file another name in its folder, whose names are then put on the disk.

        Whatever had that name is replaced; a link is not followed.
        """
        with self._parent(name) as (handle, last):
            os.replace(part.rpartition("/")[2], last, src_dir_fd=handle, dst_dir_fd=handle)
            os.fsync(handle)

    def replace(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all: into a new one, synced, renamed, its folder synced."""
        part = part_of(name)
        self.remove(part)
        try:
            self.create(part, content)
            self.rename(part, name)
        finally:
            self.remove_if_allowed(part)

    def append(self, name: str, content: bytes) -> None:
        """Add bytes at the end of a file, which need not exist.

        Of a file with another name elsewhere (a hard link) a copy takes its place, so that it alone grows.
        """
        handle = self._open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with os.fdopen(handle, "ab") as file:
            if os.fstat(handle).st_nlink == 1:
                file.write(content)
                return
        self.replace(name, self.read(name) + content)

    def open_lock(self, name: str) -> int:
        """The descriptor of a file to be read and written in place, made where there is none."""
        handle = self._open(name, os.O_RDWR | os.O_CREAT)
        if os.fstat(handle).st_nlink > 1:
            os.close(handle)
            raise UnsafeFileError(
                f"{self.path / name} is a file of another folder too (a hard link).",
                "Remove it if nobody is writing there: nothing was changed.",
            )
        return handle

    def status(self, name: str) -> os.stat_result:
        """What the system says of a name, which may be a link. Raises OSError."""
        with self._parent(name) as (handle, last):
            return os.stat(last, dir_fd=handle, follow_symlinks=False)

    def make_folder(self, name: str) -> None:
        """Make a folder where there is none; its name is put on the disk."""
        with self._parent(name) as (handle, last):
            try:
                os.mkdir(last, dir_fd=handle)
            except FileExistsError:
                os.close(_open_folder(last, handle, self.path / name))
                return
            os.fsync(handle)

    def remove(self, name: str) -> None:
        """Remove a file or a link, never what a link leads to; nothing happens where it is not there."""
        try:
            with self._parent(name) as (handle, last):
                os.unlink(last, dir_fd=handle)
        except FileNotFoundError:
            return

    def remove_if_allowed(self, name: str) -> None:
        """Remove a file that nobody needs; where even that is refused it stays."""
        try:
            self.remove(name)
        except (OSError, UnsafeFileError):
            return

    def remove_folder(self, name: str) -> bool:
        """Remove an empty folder; whether it is gone: one that still holds something stays."""
        try:
            with self._parent(name) as (handle, last):
                os.rmdir(last, dir_fd=handle)
        except FileNotFoundError:
            return True
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        return True

    def require_plain(self, *names: str) -> None:
        """Raises UnsafeFileError where this folder or one of these below it holds links, devices or pipes."""
        for name in ("", *names):
            if name and self.kind(name) is None:
                continue
            for one, kind in self.listing(name).items():
                if kind not in (FILE, FOLDER):
                    raise _unsafe(self.path / name / one, kind)

    def _open(self, name: str, flags: int) -> int:
        with self._parent(name) as (handle, last):
            try:
                found = os.open(last, flags | _FLAGS, 0o644, dir_fd=handle)
            except OSError as error:
                kind = _kind_at(last, handle)
                if kind not in (None, FILE, FOLDER) and error.errno != errno.EEXIST:
                    raise _unsafe(self.path / name, kind) from None
                raise
        kind = _kind(os.fstat(found).st_mode)
        if kind != FILE:
            os.close(found)
            raise _unsafe(self.path / name, kind)
        return found

    @contextmanager
    def _parent(self, name: str) -> Iterator[tuple[int, str]]:
        """The descriptor of the folder that holds a name, and the name's last part."""
        *folders, last = name.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in folders) or last in ("", ".."):
            raise UnsafeFileError(f"{name!r} is no name of a file in {self.path}.", "Remove it.")
        handle = os.dup(self._handle)
        try:
            for depth, part in enumerate(folders):
                below = _open_folder(part, handle, self.path.joinpath(*folders[: depth + 1]))
                os.close(handle)
                handle = below
            yield handle, last
        finally:
            os.close(handle)


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
    kind = _kind(os.fstat(handle).st_mode)
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


def _open_folder(name: str, handle: int, path: Path) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | _FLAGS, dir_fd=handle)
    except OSError as error:
        kind = _kind_at(name, handle)
        if kind not in (None, FOLDER):
            raise _unsafe(path, kind, FOLDER) from None
        raise error from None


def _kind_at(name: str, handle: int) -> str | None:
    try:
        return _kind(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)
    except OSError:
        return None


def _kind(mode: int) -> str:
    return next((name for test, name in _KINDS if test(mode)), "special file")


def _unsafe(path: Path, kind: str, expected: str = FILE) -> UnsafeFileError:
    remedy = "Remove it, or restore the folder from a copy."
    if kind not in (FILE, FOLDER):
        remedy = (
            "Nothing was read or written through it. Remove it if you know how it came there; if the folder "
            "is someone else's, do not trust it."
        )
    return UnsafeFileError(f"{path} is a {kind}; a {expected} was expected there.", remedy)
