"""Studies of tiny networks on a few made-up examples, to test on."""

from __future__ import annotations

from typing import Any

import numpy as np

from shoal.data import Dataset, Part
from shoal.population.plan import Plan, plan_study
from shoal.study.load import make_study
from shoal.study.settings.study import Study

SMALL: dict[str, dict[str, Any]] = {
    "data": {"train": 40, "validation": 12, "test": 8, "standardize": "none"},
    "network": {"hidden": [4]},
    "training": {"steps": 6, "batch_size": 10, "learning_rate": 0.1},
    "record": {"points": 2},
    "vary": {"seed": 2},
}


def raw_study(**tables: Any) -> dict[str, Any]:
    """SMALL with other keys in its tables; a key whose value is None is left out."""
    raw: dict[str, Any] = {name: dict(table) for name, table in SMALL.items()}
    for name, changes in tables.items():
        raw[name] = {**raw.get(name, {}), **changes} if isinstance(changes, dict) else changes
    return raw


def small_study(**tables: Any) -> Study:
    """The study of `raw_study`."""
    return make_study(raw_study(**tables))


def blobs(n: int = 60, features: int = 5, classes: int = 3) -> Dataset:
    """`n` examples of classes that lie apart, all in the training part."""
    rng = np.random.default_rng(3)
    labels = np.arange(n) % classes
    centres = 1.5 * rng.normal(size=(classes, features))
    inputs = centres[labels] + rng.normal(size=(n, features))
    return Dataset(
        "blobs", Part(inputs.astype(np.float32), labels), None, tuple(f"class {c}" for c in range(classes))
    )


def plan_of(dataset: Dataset | None = None, memory: float | None = None, **tables: Any) -> Plan:
    """The plan of a small study on blobs."""
    return plan_study(small_study(**tables), dataset=dataset or blobs(), memory=memory)


def images(n: int = 60, shape: tuple[int, int, int] = (6, 5, 2), classes: int = 3) -> Dataset:
    """Blobs whose features are laid out as images."""
    flat = blobs(n, int(np.prod(shape)), classes)
    return Dataset(
        "images", Part(flat.train.inputs.reshape(n, *shape), flat.train.labels), None, flat.classes
    )
