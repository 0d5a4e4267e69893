"""The known data sets: what they hold, how their files are named, and where they are published."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import Literal

from shoal.data.published import facts
from shoal.data.published.facts import PublishedFile
from shoal.errors import DataError


@dataclass(frozen=True)
class Source:
    """A data set and its layout.

    `train_files` and `test_files` are the loose files, `files` what the mirrors serve (the same files
    compressed, or one archive of them), `folder` the sub-folder in which they are looked for first.
    """

    name: str
    title: str
    format: Literal["embedded", "idx", "cifar"]
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    train: int
    test: int
    folder: str = ""
    files: tuple[PublishedFile, ...] = ()
    mirrors: tuple[str, ...] = ()
    train_files: tuple[str, ...] = ()
    test_files: tuple[str, ...] = ()
    label_bytes: int = 1
    names_file: str = ""

    @property
    def loose_files(self) -> tuple[str, ...]:
        return self.train_files + self.test_files

    @property
    def record_bytes(self) -> int:
        """Length of one record of a CIFAR file: the label bytes, then the pixels."""
        return self.label_bytes + math.prod(self.shape)

    @property
    def archive(self) -> PublishedFile | None:
        """The one archive that holds every loose file, where the publisher made one."""
        return self.files[0] if self.format == "cifar" else None


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source("digits", "Digits", "embedded", (8, 8, 1), facts.DIGIT_CLASSES, 1797, 0),
        Source(
            name="mnist",
            title="MNIST",
            format="idx",
            shape=(28, 28, 1),
            classes=facts.DIGIT_CLASSES,
            train=60_000,
            test=10_000,
            folder="mnist",
            mirrors=(
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ),
            train_files=facts.IDX_TRAIN,
            test_files=facts.IDX_TEST,
            files=facts.MNIST,
        ),
        Source(
            name="fashion-mnist",
            title="Fashion-MNIST",
            format="idx",
            shape=(28, 28, 1),
            classes=facts.FASHION_MNIST_CLASSES,
            train=60_000,
            test=10_000,
            folder="fashion-mnist",
            mirrors=(
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            ),
            train_files=facts.IDX_TRAIN,
            test_files=facts.IDX_TEST,
            files=facts.FASHION_MNIST,
        ),
        Source(
            name="cifar10",
            title="CIFAR-10",
            format="cifar",
            shape=(32, 32, 3),
            classes=facts.CIFAR10_CLASSES,
            train=50_000,
            test=10_000,
            folder="cifar-10-batches-bin",
            mirrors=("https://www.cs.toronto.edu/~kriz/",),
            train_files=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
            test_files=("test_batch.bin",),
            names_file="batches.meta.txt",
            files=(facts.CIFAR10,),
        ),
        Source(
            name="cifar100",
            title="CIFAR-100",
            format="cifar",
            shape=(32, 32, 3),
            classes=facts.CIFAR100_CLASSES,
            train=50_000,
            test=10_000,
            folder="cifar-100-binary",
            mirrors=("https://www.cs.toronto.edu/~kriz/",),
            train_files=("train.bin",),
            test_files=("test.bin",),
            label_bytes=2,  # the coarse label, then the fine one, which is used
            names_file="fine_label_names.txt",
            files=(facts.CIFAR100,),
        ),
    )
}


def find_source(name: str) -> Source:
    """The data set of this name. Raises `DataError` that suggests the nearest right one."""
    if name in SOURCES:
        return SOURCES[name]
    near = difflib.get_close_matches(name.lower().replace("_", "-"), SOURCES, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}? " if near else ""
    raise DataError(f"unknown data set {name!r}", f"{remedy}known: {', '.join(SOURCES)}")


def publisher_of(content_sha256: str) -> tuple[Source, PublishedFile] | None:
    """Which published file has these contents, if any."""
    for source in SOURCES.values():
        for file in source.files:
            if content_sha256 and content_sha256 == file.content_sha256:
                return source, file
    return None
