"""The one writer of a run folder: a lock that says which host and process holds it and since when.

The system's own lock (flock) ends with its process, so a lock file that nobody holds is stale: on this host
that settles it. The lock of another host, or of a file system without flock, is watched for a sign of life
instead: its writer counts on every few seconds. No clock is compared with another.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from shoal.errors import RunError
from shoal.folder import Folder
from shoal.text import printable

LOCK = ".lock"
SECONDS_A_BEAT = 10.0
SECONDS_WATCHED = 60.0
_NO_FLOCK = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)


@dataclass(frozen=True)
class LockOwner:
    """What a lock says of its holder. `beat` counts on as long as it lives."""

    host: str
    process: int
    since: str
    beat: int = 0

    def __str__(self) -> str:
        return f"process {self.process} on {printable(self.host, 60)}, since {printable(self.since, 40)}"


class WriterLock:
    """The lock `.lock` of a folder. `say` hears of what was taken over."""

    def __init__(self, folder: Folder, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say
        self._handle = -1
        self._done = threading.Event()
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        self._claim = LockOwner(socket.gethostname(), os.getpid(), now)

    def acquire(self) -> None:
        """Raises RunError where someone else writes here. Says so where a stale lock is taken over."""
        while not self._try():
            continue
        self._done.clear()
        self._heart = threading.Thread(target=self._live, daemon=True)
        self._heart.start()

    def _try(self) -> bool:
        """Take the lock; False where its last holder removed the file meanwhile."""
        self._handle, alone = self._open()
        try:
            left = read_claim(self._handle)
            if left is not None:
                self._take_over(left, alone)
            if self._is_ours():
                self._write(self._claim)
                return True
        except BaseException:
            os.close(self._handle)
            raise
        os.close(self._handle)
        return False

    def require_held(self) -> None:
        """Raises RunError where the folder is there but its lock is not this process's any more."""
        if self._folder.path.is_dir() and not (self._folder.in_place and self._is_ours()):
            raise RunError(
                f"The lock of {self._folder.path} was taken away from the run that was writing there.",
                "Another process may write there now: look before going on.",
            )

    def release(self) -> None:
        """Let others write. The file goes while it is held, so that no one else's is removed."""
        self._done.set()
        self._heart.join()
        if self._is_ours():
            self._folder.remove_if_allowed(LOCK)
        os.close(self._handle)

    def _is_ours(self) -> bool:
        """Whether the lock file in the folder is the one that is held here."""
        try:
            return os.path.samestat(os.fstat(self._handle), self._folder.status(LOCK))
        except OSError:  # gone, or no longer to be seen
            return False

    def _claim_there(self) -> LockOwner | None:
        """What the lock says through a fresh look at the file, which is what shows another host's writing."""
        try:
            with self._folder.open_file(LOCK) as file:
                return read_claim(file.fileno())
        except FileNotFoundError:
            return None

    def _open(self) -> tuple[int, bool]:
        """The open lock file, and whether the system vouches that nobody else has it."""
        handle = self._folder.open_lock(LOCK)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_FLOCK:
                return handle, False
            claim = read_claim(handle)
            os.close(handle)
            if not isinstance(error, BlockingIOError):
                raise
            raise self._refusal(claim) from None
        return handle, True

    def _take_over(self, left: LockOwner, alone: bool) -> None:
        if left.host == self._claim.host and (alone or not _runs(left.process)):
            self._say(f"Took over the lock of {left}: that process has ended.")
            return
        self._say(f"Watching the lock of {left} for {SECONDS_WATCHED:.0f} s: does that process still write?")
        until = time.monotonic() + SECONDS_WATCHED
        while time.monotonic() < until:
            time.sleep(min(1.0, SECONDS_WATCHED / 4))
            now = self._claim_there()
            if now is not None and now != left:
                raise self._refusal(now)
        self._say(f"Took over the lock of {left}: it gave no sign of life for {SECONDS_WATCHED:.0f} s.")

    def _refusal(self, claim: LockOwner | None) -> RunError:
        return RunError(
            f"{self._folder.path} is being written by another process{f': {claim}' if claim else ''}.",
            "Wait for it or end it, or choose another folder.",
        )

    def _live(self) -> None:
        beat = 0
        while not self._done.wait(SECONDS_A_BEAT):
            beat += 1
            try:
                self._write(LockOwner(self._claim.host, self._claim.process, self._claim.since, beat))
            except OSError:  # a full disk is for the files to say; the claim that stands there stays
                continue

    def _write(self, claim: LockOwner) -> None:
        content = json.dumps(asdict(claim)).encode() + b"\n"
        os.pwrite(self._handle, content, 0)
        os.ftruncate(self._handle, len(content))


def read_claim(handle: int) -> LockOwner | None:
    """What the open lock file says; nothing where it is empty, half written or of another make."""
    try:
        found = json.loads(os.pread(handle, 4096, 0))
    except (ValueError, RecursionError):
        return None
    return LockOwner(**found) if _is_claim(found) else None


def _is_claim(found: Any) -> bool:
    kinds = {"host": str, "process": int, "since": str, "beat": int}
    if not isinstance(found, dict) or not {"host", "process", "since"} <= found.keys() <= kinds.keys():
        return False
    return all(type(value) is kinds[key] for key, value in found.items()) and 0 < found["process"] < 2**31


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True
