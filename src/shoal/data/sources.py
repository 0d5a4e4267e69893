"""Loading a data set by its name: from this machine if it is there, from its publisher if not."""

from __future__ import annotations

import hashlib
from pathlib import Path

from shoal.data import cifar, idx
from shoal.data.check import check_dataset
from shoal.data.contents import Contents
from shoal.data.dataset import Dataset
from shoal.data.digits import load_digits
from shoal.data.download import download_files
from shoal.data.folders import download_folder, search_folders
from shoal.data.locate import Found, find, not_found
from shoal.data.opening import open_within
from shoal.data.progress import Progress, shown
from shoal.data.registry import Source, find_source, publisher_of
from shoal.errors import DataError


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
