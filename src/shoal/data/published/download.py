"""Downloads published files: mirrors in turn, the SHA-256 checked before a file takes its place.

Progress is a bar on a terminal, a few lines anywhere else.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import os
import re
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from shoal.data.published.facts import PublishedFile
from shoal.data.published.locate import by_hand, loose_files
from shoal.data.published.registry import Source
from shoal.errors import DataError
from shoal.files import FILE, UnsafeFileError
from shoal.folder import Folder
from shoal.version import __version__

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID


Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes got so far (0 at the start of each attempt) and its size."""

_LINE_EVERY = 25  # per cent


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Progress]:
    """Report to a stream, standard error unless another is given."""
    from rich.console import Console

    console = Console(file=stream, stderr=stream is None)
    if console.is_terminal:
        with _bars(console) as progress:
            yield progress
    else:
        yield _lines(console)


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=console) as bars:

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done)

        yield report


def _lines(console: Console) -> Progress:
    reached: dict[str, int] = {}

    def report(name: str, done: int, total: int) -> None:
        percent = 100 * done // total if total else 0
        if done == 0:
            reached[name] = 0
            console.print(f"downloading {name} ({total / 1e6:.1f} MB)", highlight=False, soft_wrap=True)
        elif percent >= reached[name] + _LINE_EVERY:
            reached[name] = percent - percent % _LINE_EVERY
            console.print(f"downloading {name}: {reached[name]}%", highlight=False, soft_wrap=True)

    return report


_TIMEOUT = 30.0  # seconds without a byte before a mirror is given up
_LEAST_RATE = 1024  # bytes a second, over each _WINDOW, below which a mirror is given up
_WINDOW = 60.0  # seconds
_BLOCK = 1 << 18
_PART = re.compile(r"\.[0-9a-f]{8}\.part")


class _MirrorFailed(Exception):
    """Why one mirror did not give the file, in a few words."""


def download_files(source: Source, folder: Path, progress: Progress) -> list[Path]:
    """Download what `folder` lacks of a data set; the files that were placed.

    A file appears under its name whole and verified, or not at all. Raises `DataError` when the folder
    cannot be written, or when every mirror fails (unreachable, cut off, wrong checksum).
    """
    place = folder / source.folder if source.format == "idx" else folder
    present = loose_files(source, place) if source.format == "idx" else {}
    wanted = [file for file in source.files if file.name.removesuffix(".gz") not in present]
    try:
        place.mkdir(parents=True, exist_ok=True)
        return [_from_any_mirror(source, file, folder, place, progress) for file in wanted]
    except OSError as error:
        raise DataError(
            f"cannot write to {place}: {error.strerror or error}",
            "name a folder that you can write to with --data-dir, SHOAL_DATA_DIR or SHOAL_CACHE_DIR",
        ) from error


def _from_any_mirror(
    source: Source, file: PublishedFile, folder: Path, place: Path, progress: Progress
) -> Path:
    failures = []
    for mirror in source.mirrors:
        try:
            return _from_mirror(mirror + file.name, file, place, progress)
        except _MirrorFailed as failure:
            failures.append(f"{urllib.parse.urlsplit(mirror).netloc}: {failure}")
    raise DataError(
        f"could not download {file.name} of {source.title} ({'; '.join(failures)})",
        f"try again later, or {by_hand(source, folder)}",
    )


def _from_mirror(url: str, file: PublishedFile, place: Path, progress: Progress) -> Path:
    """One attempt: into a new file beside the target, checked, flushed to the disk, then renamed."""
    target = place / file.name
    _remove_left(place, file.name)
    temporary = place / f".{file.name}.{secrets.token_hex(4)}.part"
    try:
        _receive(url, file, temporary, progress)
        os.replace(temporary, target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    _flush_folder(place)
    return target


def _remove_left(place: Path, name: str) -> None:
    """Remove what killed downloads of a file left: parts that nobody has locked and that are no links."""
    with Folder.open(place) as folder:
        for one, kind in folder.listing().items():
            if kind != FILE or not _PART.fullmatch(one.removeprefix(f".{name}")):
                continue
            with suppress(OSError, UnsafeFileError), folder.open_file(one) as file:
                # A moment passes between the making of a part and its lock.
                if time.time() - os.fstat(file.fileno()).st_mtime > _WINDOW:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    folder.remove(one)


def _receive(url: str, file: PublishedFile, temporary: Path, progress: Progress) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": f"shoal/{__version__}"})
    digest, got = hashlib.sha256(), 0
    with temporary.open("xb") as out:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)  # says that this download lives
        since, then = time.monotonic(), 0
        progress(file.name, 0, file.size)
        with _connected(request) as answer:
            while block := _next_block(answer):
                got += len(block)
                if got > file.size:
                    raise _MirrorFailed(f"sends more than the {file.size} bytes published")
                digest.update(block)
                out.write(block)
                progress(file.name, got, file.size)
                if (passed := time.monotonic() - since) >= _WINDOW:
                    if got - then < _LEAST_RATE * passed:
                        rate = (got - then) / passed
                        raise _MirrorFailed(
                            f"too slow: {rate:,.0f} bytes a second, at least {_LEAST_RATE:,} are expected"
                        )
                    since, then = time.monotonic(), got
        if got < file.size:
            raise _MirrorFailed(f"ended after {got} of {file.size} bytes")
        if digest.hexdigest() != file.sha256:
            raise _MirrorFailed(
                f"wrong checksum: SHA-256 {digest.hexdigest()[:12]}..., published {file.sha256[:12]}..."
            )
        out.flush()
        os.fsync(out.fileno())


# Failures of the network are OSErrors, as are those of the disk: they are told apart where they arise.
def _connected(request: urllib.request.Request) -> http.client.HTTPResponse:
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise _MirrorFailed(f"answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _MirrorFailed(f"no connection ({_reason(error.reason)})") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _MirrorFailed(f"no connection ({_reason(error)})") from error


def _next_block(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read1(_BLOCK)  # what has come: a full block may take for ever
    except (OSError, http.client.HTTPException) as error:
        raise _MirrorFailed(f"cut off ({_reason(error)})") from error


def _reason(error: object) -> str:
    return str(error).strip() or type(error).__name__


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # other systems cannot open a folder to flush it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
