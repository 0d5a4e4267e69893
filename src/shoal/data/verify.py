"""Checking the files of a data set one by one, without stopping at the first that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shoal.data import cifar, idx, sources
from shoal.data.check import check_dataset
from shoal.data.dataset import Dataset
from shoal.data.folders import search_folders
from shoal.data.locate import Found, find, not_found
from shoal.data.registry import PublishedFile, Source, find_source
from shoal.errors import DataError


@dataclass(frozen=True)
class FileCheck:
    """What was found out about one file, or about a data set as a whole."""

    name: str
    ok: bool
    verdict: str


def verify(name: str, data_dir: str | Path | None = None) -> list[FileCheck]:
    """One line for each file, then one for the whole: does it fit together, what is its fingerprint.

    Raises `DataError` when the name is unknown or the data set is not on this machine.
    """
    source = find_source(name)
    if source.format == "embedded":
        return [_check_whole(source, None)]
    folders = search_folders(data_dir)
    found = find(source, folders)
    if found is None:
        raise not_found(source, folders)
    checks = [] if found.archive else [_check_file(source, n, path) for n, path in found.files.items()]
    return checks if any(not c.ok for c in checks) else [*checks, _check_whole(source, found)]


def _check_file(source: Source, name: str, path: Path) -> FileCheck:
    try:
        if source.format == "cifar":
            cifar.check_file(source, name, path)
            return FileCheck(str(path), True, "structure right; only the archive's SHA-256 is published")
        _, sha256 = idx.read_file(source, name, path)
    except DataError as error:
        return FileCheck(str(path), False, error.what)
    if sha256 == _published(source, name).content_sha256:
        return FileCheck(str(path), True, "contents match the published SHA-256")
    return FileCheck(str(path), True, "structure right; the SHA-256 is not the published one")


def _check_whole(source: Source, found: Found | None) -> FileCheck:
    where = str(found.where) if found else source.title
    try:
        dataset: Dataset = sources.read(source, found) if found else sources.load(source.name)
        check_dataset(dataset)
    except DataError as error:
        return FileCheck(where, False, error.what)
    test = f" + {len(dataset.test)}" if dataset.test is not None else ""
    return FileCheck(
        where,
        True,
        f"{dataset.source.removeprefix(where).strip(' ()')}; "
        f"{len(dataset.train)}{test} examples, fingerprint {dataset.fingerprint[:16]}",
    )


def _published(source: Source, name: str) -> PublishedFile:
    return next(file for file in source.files if file.name.removesuffix(".gz") == name)
