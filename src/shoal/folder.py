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
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from shoal.files import (
    FILE,
    FOLDER,
    SAFE_FLAGS,
    TooLargeError,
    UnsafeFileError,
    kind_at,
    kind_of,
    part_of,
    unsafe,
)


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
                return kind_of(os.stat(last, dir_fd=handle, follow_symlinks=False).st_mode)
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
                if (kind := kind_at(one, handle)) is not None:  # None: a writer has removed it meanwhile
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
                    raise unsafe(self.path / name / one, kind)

    def _open(self, name: str, flags: int) -> int:
        with self._parent(name) as (handle, last):
            try:
                found = os.open(last, flags | SAFE_FLAGS, 0o644, dir_fd=handle)
            except OSError as error:
                kind = kind_at(last, handle)
                if kind not in (None, FILE, FOLDER) and error.errno != errno.EEXIST:
                    raise unsafe(self.path / name, kind) from None
                raise
        kind = kind_of(os.fstat(found).st_mode)
        if kind != FILE:
            os.close(found)
            raise unsafe(self.path / name, kind)
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


def _open_folder(name: str, handle: int, path: Path) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | SAFE_FLAGS, dir_fd=handle)
    except OSError as error:
        kind = kind_at(name, handle)
        if kind not in (None, FOLDER):
            raise unsafe(path, kind, FOLDER) from None
        raise error from None
