"""Small made-up files in the publishers' formats, for the tests of this folder."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from shoal.data.published.facts import PublishedFile
from shoal.data.published.registry import SOURCES, Source

CIFAR_FOLDER = "cifar-10-batches-bin"


def idx_bytes(array: np.ndarray) -> bytes:
    """An array of unsigned bytes as an IDX file."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def mnist_arrays(train: int = 12, test: int = 5) -> dict[str, np.ndarray]:
    """The four arrays of a small MNIST, by file name."""
    rng = np.random.default_rng(7)
    return {
        f"{part}-{kind}": rng.integers(0, 256 if axes else 10, (n, *axes), np.uint8)
        for part, n in (("train", train), ("t10k", test))
        for kind, axes in (("images-idx3-ubyte", (28, 28)), ("labels-idx1-ubyte", ()))
    }


def write_mnist(folder: Path, arrays: dict[str, np.ndarray], gz: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        content = idx_bytes(array)
        (folder / (name + ".gz" * gz)).write_bytes(gzip.compress(content, mtime=0) if gz else content)


def cifar_images(count: int, seed: int, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Images (count, 32, 32, 3) and labels."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 32, 32, 3), np.uint8), rng.integers(0, classes, count, np.uint8)


def cifar_bytes(images: np.ndarray, labels: np.ndarray, coarse: bool = False) -> bytes:
    """Records of label byte(s) and red, green and blue plane, written the slow and obvious way."""
    out = bytearray()
    for image, label in zip(images, labels, strict=True):
        out += bytes([label // 5, label] if coarse else [label])
        for channel in range(3):
            out += image[:, :, channel].tobytes()
    return bytes(out)


def cifar10_files(per_file: int = 4) -> dict[str, bytes]:
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    return {name: cifar_bytes(*cifar_images(per_file, seed)) for seed, name in enumerate(names)}


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def tar_bytes(files: dict[str, bytes], extra: tarfile.TarInfo | None = None) -> bytes:
    """A .tar.gz of these files in a folder, and one more member as it is given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{CIFAR_FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        if extra is not None:
            archive.addfile(extra, io.BytesIO(bytes(extra.size)))
    return buffer.getvalue()


def published_as(source: Source, served: dict[str, bytes], mirrors: tuple[str, ...]) -> Source:
    """A source whose publisher serves exactly these files."""
    files = []
    for file in source.files:
        content = served[file.name]
        inside = gzip.decompress(content) if source.format == "idx" else b""
        files.append(
            PublishedFile(
                file.name,
                hashlib.sha256(content).hexdigest(),
                len(content),
                hashlib.sha256(inside).hexdigest() if inside else "",
            )
        )
    return replace(source, files=tuple(files), mirrors=mirrors)


MNIST = SOURCES["mnist"]
CIFAR10 = SOURCES["cifar10"]
