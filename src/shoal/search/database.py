"""The database that Optuna keeps in a search's folder, looked at before SQLite follows what it says.

SQLite does what the files tell it: it runs triggers and views, and a rollback journal may name another file,
which is deleted once the journal is played back. So only a database of Optuna's own tables is opened, and no
journal that names a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import Any
from urllib.parse import quote

from shoal.errors import RunError
from shoal.files import FILE
from shoal.folder import Folder
from shoal.text import printable

MOST_BYTES = 2**31  # of the database or its journal
_BEGINNING = b"SQLite format 3\0"
_ROLLBACK = b"\1\1"  # bytes 18 and 19: written and read with a rollback journal, as Optuna leaves it
_NAMES_A_FILE = bytes.fromhex("d9d505f920a163d7")  # how a journal ends that names another file
_REMEDY = "Move it away: the search then makes it anew, with the same trials."


def require_database(folder: Folder, name: str) -> None:
    """Raises RunError where a file of this name is there and is not a database as Optuna leaves one."""
    for suffix in ("-wal", "-shm"):
        if folder.exists(f"{name}{suffix}"):
            raise _refusal(folder, f"{name}{suffix}", "Optuna leaves no such file")
    if _content(folder, f"{name}-journal", -len(_NAMES_A_FILE)) == _NAMES_A_FILE:
        raise _refusal(folder, f"{name}-journal", "it names another file, which SQLite would delete")
    beginning = _content(folder, name, 20)
    if not beginning:
        return
    if beginning[:16] != _BEGINNING or beginning[18:20] != _ROLLBACK:
        raise _refusal(folder, name, "it is no SQLite database with a rollback journal")
    try:
        found = _schema(str(folder.path / name))
    except sqlite3.Error as error:
        raise _refusal(folder, name, str(error)) from None
    if not found <= _own_schema():
        raise _refusal(folder, name, "it holds other tables, or views or triggers")


@contextmanager
def answering(where: str) -> Iterator[None]:
    """Inside, what Optuna cannot do with the rows of a database becomes a RunError."""
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    # rows that Optuna did not write may break it anywhere between the driver and its own code
    except (SQLAlchemyError, OptunaError, ValueError, LookupError, TypeError, RecursionError) as error:
        said = [printable(line) for line in str(error).splitlines()] or [type(error).__name__]
        raise RunError(f"Optuna cannot use {where}: {said[0]}", _REMEDY) from None


def _content(folder: Folder, name: str, count: int) -> bytes:
    """The first bytes of a file, the last where `count` is negative; none where there is no file."""
    if (kind := folder.kind(name)) is None:
        return b""
    if kind == FILE and folder.status(name).st_nlink > 1:
        raise _refusal(folder, name, "it is a file of another folder too (a hard link)")
    with folder.open_file(name) as file:
        size = file.seek(0, 2)
        if size > MOST_BYTES:
            raise _refusal(folder, name, f"it has {size:,} bytes; at most {MOST_BYTES:,} were expected")
        file.seek(max(0, size + count) if count < 0 else 0)
        return file.read(abs(count))


def _schema(path: str) -> set[tuple[Any, ...]]:
    """What a database defines: tables, indexes, views and triggers, and the text of each."""
    with closing(sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True)) as database:
        database.execute("PRAGMA trusted_schema = OFF")
        return _defined(database)


def _defined(database: sqlite3.Connection) -> set[tuple[Any, ...]]:
    return set(database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT 1000"))


@cache
def _own_schema() -> set[tuple[Any, ...]]:
    """What Optuna defines in a new database."""
    from optuna.storages import RDBStorage

    storage = RDBStorage("sqlite://")
    connection = storage.engine.raw_connection()
    try:
        return _defined(connection.driver_connection)  # type: ignore[arg-type]
    finally:
        connection.close()
        storage.remove_session()
        storage.engine.dispose()


def _refusal(folder: Folder, name: str, wrong: str) -> RunError:
    return RunError(f"{folder.path / name} cannot be used: {wrong}.", _REMEDY)
