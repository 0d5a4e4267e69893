"""One image through Pillow: of a plain format, a size that a network could take, and 8 bits deep."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data.limits import MOST_IMAGE_BYTES, MOST_PIXELS
from shoal.data.opening import open_within
from shoal.errors import DataError

# Formats that are pixels alone: Pillow would hand PostScript to another program, for instance.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm"}
)
_GRAY, _DEEP = ("1", "L", "LA", "La"), ("I", "F")


@dataclass(frozen=True)
class Look:
    """What a file's header says: rows and columns, and whether it has colours."""

    size: tuple[int, int]
    colour: bool


def look(path: Path) -> Look:
    """The size of an image without decoding it. Raises `DataError` that names the file."""
    with _file(path) as file, _opened(path, file) as image:
        return Look((image.height, image.width), image.mode not in _GRAY)


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
