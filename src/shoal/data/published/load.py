"""A published data set by its name: from this machine if it is there, from its publisher if not.

The digits come with scikit-learn. Files can be verified one by one, without stopping at the first wrong one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data.dataset import Contents, Dataset, Part, check_dataset
from shoal.data.limits import open_within
from shoal.data.published import cifar, idx
from shoal.data.published.download import Progress, download_files, shown
from shoal.data.published.facts import PublishedFile
from shoal.data.published.locate import Found, download_folder, find, not_found, search_folders
from shoal.data.published.registry import SOURCES, Source, find_source, publisher_of
from shoal.errors import DataError


def load_digits() -> Dataset:
    """1797 digits of 8 x 8 pixels, uint8 from 0 to 16, shape (8, 8, 1), without a test part of their own.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, 1998 (its test set), as shipped with scikit-learn.
    """
    from sklearn import datasets  # slow to import, so only when the digits are asked for

    bunch: Any = datasets.load_digits()
    inputs = np.asarray(bunch.images, np.uint8)[..., None]
    labels = np.asarray(bunch.target, np.int32)
    return Dataset("digits", Part(inputs, labels), None, SOURCES["digits"].classes, "comes with scikit-learn")


def load(
    name: str,
    data_dir: str | Path | None = None,
    download: bool = True,
    progress: Progress | None = None,
) -> Dataset:
    """A known data set: digits, mnist, fashion-mnist, cifar10 or cifar100.

    Looked for in `data_dir`, SHOAL_DATA_DIR and the user's cache, in this order; then, if `download`,
    fetched (`progress` is told of it; by default it is shown on standard error). A local file of the
    right structure whose hash is not the published one is accepted with a note; a download never is.

    Raises `DataError` for an unknown name, data that cannot be had, and damaged or unfit files.
    """
    source = find_source(name)
    if source.format == "embedded":
        dataset = load_digits()
    else:
        folders = search_folders(data_dir)
        found = find(source, folders)
        if found is None and not download:
            raise not_found(source, folders)
        dataset = read(source, found or fetch(source, data_dir, progress))
    check_dataset(dataset)
    return dataset


def fetch(source: Source, data_dir: str | Path | None = None, progress: Progress | None = None) -> Found:
    """Download what the download folder lacks of a data set. Raises `DataError`."""
    folder = download_folder(data_dir)
    if progress is None:
        with shown() as progress:
            download_files(source, folder, progress)
    else:
        download_files(source, folder, progress)
    found = find(source, [folder])
    if found is None:
        raise not_found(source, [folder])
    return found


def read(source: Source, found: Found) -> Dataset:
    """The data set from located files, with what its hashes say. Raises `DataError`."""
    contents = (cifar if source.format == "cifar" else idx).read(source, found)
    _refuse_repeated(source, found, contents.sha256)
    status, notes = _hash_status(source, found, contents.sha256)
    return Dataset(
        source.name,
        contents.train,
        contents.test,
        contents.classes or source.classes,
        f"{found.where} ({status})",
        (*notes, *_count_notes(source, contents), *contents.notes),
    )


def _hash_status(source: Source, found: Found, sha256: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """A word on the hashes for `Dataset.source`, and a note where they do not confirm the files."""
    if source.archive is not None:
        return _archive_status(source, found)
    unpublished = []
    for file in source.files:
        name = file.name.removesuffix(".gz")
        other = publisher_of(sha256[name])
        if other is not None and other[1].content_sha256 != file.content_sha256:
            raise DataError(
                f"{found.files[name]} holds {other[1].name} of {other[0].title}, "
                f"not {file.name} of {source.title}",
                f"keep each data set in a folder of its own: {source.folder}/, {other[0].folder}/",
            )
        if other is None:
            unpublished.append(found.files[name].name)
    if not unpublished:
        return "contents match the published SHA-256", ()
    note = f"accepted although the SHA-256 is not the published one: {', '.join(unpublished)}"
    return "structure checked, SHA-256 not the published one", (note,)


def _archive_status(source: Source, found: Found) -> tuple[str, tuple[str, ...]]:
    assert source.archive is not None
    if not found.archive:
        note = (
            f"{source.title}: loose files are checked by structure (only the archive's SHA-256 is published)"
        )
        return "structure checked, no published SHA-256 for loose files", (note,)
    with open_within(found.where) as stream:
        matches = hashlib.file_digest(stream, "sha256").hexdigest() == source.archive.sha256
    if matches:
        return "matches the published SHA-256", ()
    note = f"accepted although the SHA-256 is not the published one: {found.where.name}"
    return "structure checked, SHA-256 not the published one", (note,)


def _refuse_repeated(source: Source, found: Found, sha256: dict[str, str]) -> None:
    """The same bytes under two names would let test examples into the training part."""
    first: dict[str, str] = {}
    for name, digest in sha256.items():
        if digest in first:
            raise DataError(
                f"{found.where}: {first[digest]} and {name} have the same contents, one is a renamed copy",
                f"delete both and run `shoal data fetch {source.name}`, or put the published files there",
            )
        first[digest] = name


def _count_notes(source: Source, contents: Contents) -> tuple[str, ...]:
    got, published = (len(contents.train), len(contents.test)), (source.train, source.test)
    if got == published:
        return ()
    return (f"{got[0]} + {got[1]} examples where {source.title} has {published[0]} + {published[1]}",)


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
        dataset: Dataset = read(source, found) if found else load(source.name)
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
