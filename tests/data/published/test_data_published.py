"""The published data sets themselves, where they are at hand."""

from pathlib import Path

import numpy as np
import pytest

from shoal.data import fit_scaling, load, split
from shoal.data.published.registry import SOURCES

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_idx_contents_are_the_published_ones(real_data_dir: Path, name: str):
    made = load(name, real_data_dir, download=False)
    assert made.train.inputs.shape == (60_000, 28, 28, 1)
    assert made.test is not None
    assert made.test.inputs.shape == (10_000, 28, 28, 1)
    assert "contents match the published SHA-256" in made.source
    assert made.notes == ()
    assert np.bincount(made.test.labels).min() > 800


def test_cifar10_is_balanced_and_upright(real_data_dir: Path):
    made = load("cifar10", real_data_dir, download=False)
    assert made.train.inputs.shape == (50_000, 32, 32, 3)
    assert np.bincount(made.train.labels).tolist() == [5000] * 10
    assert made.classes == SOURCES["cifar10"].classes
    # Known channel means of the training images: red 125.3, green 123.0, blue 113.9.
    learned = fit_scaling("channel", made.train.inputs)
    np.testing.assert_allclose(learned.offset[0, 0], [125.31, 122.95, 113.87], atol=0.01)
    np.testing.assert_allclose(1 / learned.scale[0, 0], [62.99, 62.09, 66.70], atol=0.01)
    # Neighbouring pixels are alike only if rows, columns and planes were put in their places.
    some = made.train.inputs[:500].astype(np.int16)
    assert all(np.abs(np.diff(some, axis=axis)).mean() < 20 for axis in (1, 2))
    parts = split(made, validation=5000, stratify=True)
    assert np.bincount(parts.train.labels).tolist() == [4500] * 10
