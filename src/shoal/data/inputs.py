"""A cell's data, loaded, split, checked and scaled on the host, ready for the device."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data.dataset import Dataset, Part, check_dataset
from shoal.data.files import load_own
from shoal.data.functions import FunctionData
from shoal.data.published.load import load
from shoal.data.published.locate import search_folders
from shoal.data.scaling import PrincipalComponents, Scaling, fit_pca, fit_scaling
from shoal.data.split import Splits, split

DataKey = tuple[str | None, str | None, str | None]

MOST_NAMED = 100  # class names in a result's description


@dataclass(frozen=True)
class PreparedData:
    """What one program trains and is measured on.

    With principal components the splits are rows of these, scaled already; `origin` is what they came from.
    """

    dataset: Dataset
    splits: Splits
    scaling: Scaling
    pca: PrincipalComponents | None = None
    origin: PreparedData | None = None
    drawn = False  # the same for every seed

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return tuple(self.splits.train.inputs.shape[1:])

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.dataset.classes)

    @property
    def train_count(self) -> int:
        """The number of training examples."""
        return len(self.splits.train.labels)

    @property
    def counts(self) -> dict[str, int]:
        """The number of examples of each split, 0 where there is none."""
        splits = self.splits
        parts = (("train", splits.train), ("validation", splits.validation), ("test", splits.test))
        return {name: 0 if part is None else len(part.labels) for name, part in parts}

    @property
    def commonest_class(self) -> dict[str, float]:
        """The share of the commonest class in each split: the accuracy of always naming it."""
        splits = self.splits
        parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
        return {
            name: round(float(np.bincount(part.labels).max() / len(part.labels)), 6)
            for name, part in parts.items()
            if part is not None and len(part.labels)
        }

    def bytes(self, seeds: int) -> int:
        """Bytes of the data set on the device, as it came."""
        splits = self.splits
        parts = (splits.train, splits.validation, splits.test)
        return sum(part.inputs.nbytes + part.labels.nbytes for part in parts if part)

    def sample(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """The first n training examples, scaled, and their labels."""
        train = self.splits.train
        return self.scaling.apply(train.inputs[:n]), train.labels[:n]

    def describe(self) -> dict[str, Any]:
        """Name, source, fingerprint, counts and notes, for the result."""
        reduced = {} if self.pca is None else {"pca": self.pca.describe()}
        return {
            "name": self.dataset.name,
            "source": self.dataset.source,
            "fingerprint": self.dataset.fingerprint,
            "counts": self.counts,
            "classes": self.classes,
            "class_names": list(self.dataset.classes[:MOST_NAMED]),
            "commonest_class": self.commonest_class,
            "shape": list(self.shape),
            "scaling": (self.origin or self).scaling.kind,
            **reduced,
            "notes": [*self.dataset.notes, *(self.origin or self).scaling.notes],
        }


class Loader:
    """Loads each data set once and each split of it once, however many cells ask.

    `folder` is where the study file lies: own data are looked for there first, then in the data folders.
    `dataset` stands in place of whatever the cells name, `datasets` for those that its keys name.
    """

    def __init__(
        self,
        data_dir: str | Path | None = None,
        download: bool = True,
        dataset: Dataset | None = None,
        folder: Path | None = None,
        datasets: Mapping[DataKey, Dataset] | None = None,
    ) -> None:
        self.data_dir, self._download, self._given = data_dir, download, dataset
        self._folder = folder or Path.cwd()
        self._handed = datasets or {}
        self._datasets: dict[DataKey, Dataset] = {}
        self._inputs: dict[str, PreparedData] = {}
        self._components: dict[int, PrincipalComponents] = {}

    @property
    def in_memory(self) -> bool:
        """Whether the data were made in Python: no other process finds them in a file."""
        return self._given is not None

    def inputs(self, data: Any) -> PreparedData | FunctionData:
        """The inputs of a cell's `[data]` settings. Raises DataError for data that are unfit."""
        return FunctionData.of(data) if data.is_function else self.examples(data)

    def examples(self, data: Any) -> PreparedData:
        """The inputs of settings that name a data set."""
        key = data.model_dump_json()
        if key not in self._inputs and data.pca != "none":
            self._inputs[key] = self._reduced(data)
        if key not in self._inputs:
            dataset = self._dataset(data)
            parts = split(
                dataset,
                train=data.train,
                validation=data.validation,
                test=data.test,
                seed=data.split_seed,
                stratify=data.stratify,
            )
            self._inputs[key] = PreparedData(
                dataset, parts, fit_scaling(data.standardize, parts.train.inputs)
            )
        return self._inputs[key]

    def _reduced(self, data: Any) -> PreparedData:
        """The inputs as principal components, learned once for all numbers of them."""
        origin = self.examples(data.model_copy(update={"pca": "none"}))
        if id(origin) not in self._components:
            self._components[id(origin)] = fit_pca(origin.scaling, origin.splits.train.inputs)
        pca = self._components[id(origin)].keep(data.pca)
        splits = pca.apply_to(origin.splits)
        return PreparedData(origin.dataset, splits, fit_scaling("none", splits.train.inputs), pca, origin)

    def _dataset(self, data: Any) -> Dataset:
        key = data_key(data)
        if key not in self._datasets:
            found = self._given if self._given is not None else self._handed.get(key) or self._load(data)
            check_dataset(found)
            self._datasets[key] = found
        return self._datasets[key]

    def _load(self, data: Any) -> Dataset:
        if data.path is None:
            return load(data.name, data_dir=self.data_dir, download=self._download)
        return load_own(data.path, data.target, [self._folder, *search_folders(self.data_dir)])


def data_key(data: Any) -> DataKey:
    """What of the `[data]` settings names the data set."""
    return data.name, data.path, data.target


def part_or_none(part: Part | None) -> Part | None:
    """The part, or None where it has no examples."""
    return part if part is not None and len(part.labels) else None


def described(inputs: Sequence[PreparedData | FunctionData]) -> str:
    """The JSON of every distinct data description."""
    seen = {json.dumps(one.describe(), sort_keys=True): one.describe() for one in inputs}
    return json.dumps(list(seen.values()) if len(seen) > 1 else next(iter(seen.values())))
