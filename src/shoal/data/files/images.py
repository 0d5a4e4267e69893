"""Folders of images: one sub-folder for each class, below `train/` and `test/` where these exist.

Images are read by Pillow: of a plain format, a size that a network could take, and 8 bits deep.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data.files.arrays import RawArrays
from shoal.data.limits import MOST_IMAGE_BYTES, MOST_PIXELS, open_within, refuse_oversized
from shoal.errors import DataError
from shoal.text import printable

# Formats that are pixels alone: Pillow would hand PostScript to another program, for instance.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"}
)
_GRAY, _DEEP = ("1", "L", "LA", "La"), ("I", "F")


@dataclass(frozen=True)
class ImageInfo:
    """What a file's header says: rows and columns, and whether it has colours."""

    size: tuple[int, int]
    colour: bool


def look(path: Path) -> ImageInfo:
    """The size of an image without decoding it. Raises `DataError` that names the file."""
    with _file(path) as file, _opened(path, file) as image:
        return ImageInfo((image.height, image.width), image.mode not in _GRAY)


def decode(path: Path, channels: int) -> tuple[bytes, np.ndarray]:
    """The bytes of a file, and its pixels (rows, columns, channels) as uint8. Raises `DataError`."""
    with _file(path) as file:
        content = file.read()
    with _opened(path, io.BytesIO(content)) as image:
        if "A" in image.getbands() or "transparency" in image.info:
            image = image.convert("RGBA")
            if image.getextrema()[3][0] < 255:
                raise DataError(
                    f"{path} has transparent pixels", "lay it on a background and save it without"
                )
        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.uint8)
    return content, pixels.reshape(*pixels.shape[:2], channels)


@contextmanager
def _file(path: Path) -> Iterator[BufferedReader]:
    """A regular file of a size that one image may have."""
    try:
        with open_within(path) as file:
            if os.fstat(file.fileno()).st_size > MOST_IMAGE_BYTES:
                raise DataError(f"{path} is larger than {MOST_IMAGE_BYTES >> 20} MiB", "is it one image?")
            yield file
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", "check the file") from error


@contextmanager
def _opened(path: Path, source: Any) -> Iterator[Any]:
    """The image, with all that Pillow may raise, here or while it is used, as one error."""
    library = _pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", library.DecompressionBombWarning)  # the limit below is stricter
            with library.open(source, formats=_FORMATS) as image:
                _refuse_unfit(path, image)
                yield image
    except DataError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise DataError(f"cannot read {path}: {error.strerror}", "check the file") from error
        raise _unreadable(path, source, error) from error
    except Exception as error:  # its decoders meet damage with errors of almost any kind
        raise _unreadable(path, source, error) from error


def _refuse_unfit(path: Path, image: Any) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise DataError(
            f"{path} announces {image.height} x {image.width} pixels, at most {MOST_PIXELS:,} are read",
            "make it smaller: a network has an input for each pixel",
        )
    if getattr(image, "is_animated", False):
        raise DataError(f"{path} holds {image.n_frames} images, one is expected", "save them one by one")
    if image.mode.startswith(_DEEP):
        raise DataError(
            f"{path} has pixels of more than 8 bits ({image.mode})",
            "save it with 8 bits, or all images as numbers in an .npz file",
        )


def _unreadable(path: Path, source: Any, error: Exception) -> DataError:
    said = f": {error}".replace(repr(source), "the file") if str(error) else ""
    return DataError(f"{path} is damaged or no image{said}", "remove it, or save it again as PNG")


def _pillow() -> Any:
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise DataError(
            "images are read with Pillow, which is not installed", "pip install 'shoal[images]'"
        ) from None


_OF_SYSTEMS = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
_LAYOUT = "put the images of each class into a folder of its own: cat/1.png, dog/2.png ..."


@dataclass(frozen=True)
class _Found:
    """The images of a part in the order of their names, the class of each, and files of other kinds."""

    images: list[Path]
    classes: list[str]
    others: list[Path]


def read(path: Path) -> RawArrays:
    """All images, uint8 (N, rows, columns, 1 or 3), and the folders' names as labels. Raises `DataError`."""
    parts = _parts(path)
    images = [image for part in parts for image in part.images]
    looks = [look(image) for image in images]
    _refuse_unequal(images, looks)
    channels = 3 if any(one.colour for one in looks) else 1
    shape = (len(images), *looks[0].size, channels)
    refuse_oversized(str(path), shape, 1)
    pixels, digest = np.empty(shape, np.uint8), hashlib.sha256()
    for i, image in enumerate(images):
        content, pixels[i] = decode(image, channels)
        digest.update(f"{image.relative_to(path)} {len(content)}\n".encode("utf-8", "surrogateescape"))
        digest.update(content)
    n = len(parts[0].images)
    return RawArrays(
        pixels[:n],
        np.array(parts[0].classes),
        pixels[n:] if parts[1:] else None,
        np.array(parts[1].classes) if parts[1:] else None,
        tuple(_notes(parts, looks, channels)),
        y_name="folders",
        sha256=digest.hexdigest(),
    )


def _parts(path: Path) -> list[_Found]:
    """One part; or those of train/ and test/, where train/ has folders in it."""
    folders, _ = _inside(path)
    if not any(folder.name == "train" and _inside(folder)[0] for folder in folders):
        return [_part(path)]
    other = [folder.name for folder in folders if folder.name not in ("train", "test")]
    if other:
        raise DataError(
            f"{path} has {', '.join(other)}/ beside train/",
            "move it away, or merge it into train/, out of which data.validation holds examples",
        )
    return [_part(path / "train"), *(_part(folder) for folder in folders if folder.name == "test")]


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """Sub-folders and files, sorted, without the hidden ones and those that systems leave behind."""
    try:
        with os.scandir(folder) as entries:
            kept = [
                entry for entry in entries if not entry.name.startswith(".") and entry.name not in _OF_SYSTEMS
            ]
            _refuse_links(folder, kept)
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in kept)
    except OSError as error:
        raise DataError(f"cannot read {folder}: {error.strerror}", "check the folder") from error
    folders = [folder / name for name, is_folder in found if is_folder]
    return folders, [folder / name for name, is_folder in found if not is_folder]


def _refuse_links(folder: Path, entries: Sequence[os.DirEntry[str]]) -> None:
    """Raise `DataError` for a link, which could lead out of the folder, and for names that are no text."""
    for entry in entries:
        if entry.is_symlink():
            raise DataError(
                f"{folder / entry.name} is a symbolic link; links inside a folder of images are not followed",
                "put the images themselves there, or name the folder that the link leads to",
            )
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{folder} holds {printable(entry.name)}, a name that is not UTF-8", "rename it"
            ) from None


def _part(folder: Path) -> _Found:
    """The images of every class below one folder."""
    classes, loose = _inside(folder)
    if not classes:
        raise DataError(f"{folder} has no folders in it", _LAYOUT)
    strays = [file for file in loose if _is_image(file)]
    if strays:
        raise DataError(f"{strays[0]} lies beside the folders of the classes, in none of them", _LAYOUT)
    found = _Found([], [], loose)
    for one in classes:
        deeper, files = _inside(one)
        if deeper:
            raise DataError(f"{deeper[0]} is a folder within the folder of a class", _LAYOUT)
        images = [file for file in files if _is_image(file)]
        if not images:
            held = f", only {files[0].name}" if files else ""
            raise DataError(
                f"{one} has no images{held}; its class would have no examples",
                f"put images there ({', '.join(sorted(SUFFIXES))}), or remove the folder",
            )
        found.images.extend(images)
        found.classes.extend([one.name] * len(images))
        found.others.extend(file for file in files if not _is_image(file))
    return found


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES


def _refuse_unequal(images: Sequence[Path], looks: Sequence[ImageInfo]) -> None:
    for image, one in zip(images, looks, strict=True):
        if one.size != looks[0].size:
            (rows, columns), (others, across) = one.size, looks[0].size
            different = sum(other.size != looks[0].size for other in looks)
            raise DataError(
                f"{image} has {rows} rows and {columns} columns of pixels, {images[0]} has {others} and "
                f"{across}; {different:,} of {len(looks):,} images differ from the first",
                "bring all images to one size, with Pillow's Image.resize or another program",
            )


def _notes(parts: Sequence[_Found], looks: Sequence[ImageInfo], channels: int) -> list[str]:
    notes = []
    gray = sum(not one.colour for one in looks)
    if channels == 3 and gray:
        notes.append(f"{gray:,} gray images among {len(looks):,} were given three equal channels")
    others = [file for part in parts for file in part.others]
    if others:
        notes.append(f"files of other kinds were left out: {len(others):,}, as {others[0].name}")
    return notes
