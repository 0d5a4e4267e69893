"""Where data sets are looked for and kept, and the layouts in which people keep their files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoal.data.published.registry import SOURCES, Source
from shoal.errors import DataError


def user_cache() -> Path:
    """The user's cache folder: SHOAL_CACHE_DIR, else XDG_CACHE_HOME/shoal, else the platform's own."""
    if own := os.environ.get("SHOAL_CACHE_DIR"):
        return Path(own).expanduser()
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(xdg):  # the XDG specification asks for relative ones to be ignored
        return Path(xdg) / "shoal"
    import platformdirs

    return platformdirs.user_cache_path("shoal", appauthor=False)


def search_folders(data_dir: str | Path | None = None) -> list[Path]:
    """Where to look, in order: `data_dir`, SHOAL_DATA_DIR, the user's cache.

    Raises `DataError` for a `data_dir` that does not exist: a typing mistake would otherwise end in a
    download.
    """
    folders = []
    if data_dir is not None:
        folder = Path(data_dir).expanduser()
        if not os.path.isdir(folder):
            raise DataError(f"there is no folder {folder}", "check the path, or create the folder")
        folders.append(folder)
    if env := os.environ.get("SHOAL_DATA_DIR"):
        folders.append(Path(env).expanduser())
    return [*folders, user_cache() / "data"]


def download_folder(data_dir: str | Path | None = None) -> Path:
    """Where downloads go: `data_dir` if given, else SHOAL_DATA_DIR if set, else the user's cache."""
    chosen = data_dir or os.environ.get("SHOAL_DATA_DIR")
    return Path(chosen).expanduser() if chosen else user_cache() / "data"


@dataclass(frozen=True)
class Found:
    """Where a data set lies: a folder and its loose files by published name, or one archive."""

    where: Path
    files: dict[str, Path]
    archive: bool


def find(source: Source, folders: Sequence[Path]) -> Found | None:
    """The first complete copy, searched in this order in each folder: FOLDER/<its sub-folder>, the
    archive, the files directly in FOLDER."""
    for folder in folders:
        for base in _bases(source, folder):
            present = loose_files(source, base)
            if len(present) == len(source.loose_files):
                return Found(base, present, archive=False)
            path = _archive_in(source, base)
            if path is not None:
                return Found(path, {path.name: path}, archive=True)
    return None


def loose_files(source: Source, base: Path) -> dict[str, Path]:
    """The loose files that lie in one folder, by their published name."""
    present = {}
    for name in source.loose_files:
        path = next((base / alias for alias in _aliases(source, name) if os.path.isfile(base / alias)), None)
        if path is not None:
            present[name] = path
    return present


def incomplete(source: Source, folders: Sequence[Path]) -> list[str]:
    """For each folder that holds some but not all of the loose files, a line that says what it lacks."""
    lines = []
    for folder in folders:
        for base in _bases(source, folder):
            present = loose_files(source, base)
            if present and len(present) < len(source.loose_files):
                lacks = [name for name in source.loose_files if name not in present]
                lines.append(f"{base} lacks {', '.join(lacks)}")
    return lines


def not_found(source: Source, folders: Sequence[Path]) -> DataError:
    """The error for a data set that is in none of the folders."""
    what = f"{source.title} was not found in {', '.join(map(str, folders))}"
    partly = incomplete(source, folders)
    return DataError(
        "; ".join([what, *partly]),
        f"run `shoal data fetch {source.name}`, or {by_hand(source, folders[0])}, or name its folder "
        "with --data-dir or SHOAL_DATA_DIR",
    )


def by_hand(source: Source, folder: Path) -> str:
    """How to put the published files in place without Shoal's help."""
    place = folder if source.format == "cifar" else folder / source.folder
    names = ", ".join(file.name for file in source.files)
    return f"download {names} from {' or '.join(source.mirrors)} and put into {place}"


def _bases(source: Source, folder: Path) -> Iterator[Path]:
    yield folder / source.folder
    # MNIST and Fashion-MNIST name their files alike: a folder called after the other holds the other.
    if folder.name not in {s.folder for s in SOURCES.values() if s.folder != source.folder and s.folder}:
        yield folder


def _aliases(source: Source, name: str) -> Iterator[str]:
    spellings = (name, name.replace("-idx", ".idx")) if source.format == "idx" else (name,)
    for spelling in spellings:
        yield spelling
        if source.format == "idx":
            yield f"{spelling}.gz"


def _archive_in(source: Source, base: Path) -> Path | None:
    if source.archive is None:
        return None
    names = (source.archive.name, source.archive.name.removesuffix(".gz"))
    return next((base / name for name in names if os.path.isfile(base / name)), None)
