"""A cell's data, loaded once, split once, checked on the host."""

import json

import numpy as np
import pytest

from shoal.data import Dataset, Part
from shoal.data.inputs import Loader, described
from shoal.errors import DataError
from small_studies import blobs, small_study


def data_of(**data):
    return small_study(data=data).base.data


def test_each_data_set_is_loaded_once_and_each_split_of_it_made_once(monkeypatch):
    loaded = []
    monkeypatch.setattr("shoal.data.inputs.load", lambda name, **_: loaded.append(name) or blobs())
    loader = Loader()
    first = loader.inputs(data_of(name="digits"))
    assert loader.inputs(data_of(name="digits")) is first
    assert loader.inputs(data_of(name="digits", split_seed=1)) is not first
    loader.inputs(data_of(name="mnist"))
    assert loaded == ["digits", "mnist"]


def test_inputs_have_the_shape_the_classes_and_the_counts_of_their_splits():
    inputs = Loader(dataset=blobs()).inputs(data_of())
    assert (inputs.shape, inputs.classes, inputs.train_count) == ((5,), 3, 40)
    assert inputs.describe()["counts"] == {"train": 40, "validation": 12, "test": 8}
    without = Loader(dataset=blobs()).inputs(data_of(validation=0))
    assert without.splits.validation is None
    assert without.describe()["counts"]["validation"] == 0


def test_scaling_is_learned_on_the_training_split_alone():
    inputs = Loader(dataset=blobs()).inputs(data_of(standardize="feature"))
    train = inputs.scaling.apply(inputs.splits.train.inputs)
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-5)
    assert abs(inputs.scaling.apply(inputs.splits.test.inputs).mean()) > 1e-3


def test_a_constant_feature_is_a_note_and_no_error():
    good = blobs()
    inputs = good.train.inputs.copy()
    inputs[:, 2] = 7
    found = Loader(dataset=Dataset("blobs", Part(inputs, good.train.labels), None, good.classes)).inputs(
        data_of(standardize="feature")
    )
    (note,) = found.describe()["notes"]
    assert "constant" in note
    assert not found.scaling.apply(inputs)[:, 2].any()


def test_one_class_is_refused():
    one = Dataset("blobs", Part(blobs().train.inputs, np.zeros(60, np.int32)), None, ("a", "b"))
    with pytest.raises(DataError, match="all of class 'a'"):
        Loader(dataset=one).inputs(data_of())


def test_one_description_stands_alone_and_different_ones_in_a_list():
    loader = Loader(dataset=blobs())
    first, second = loader.inputs(data_of()), loader.inputs(data_of(train=30))
    assert json.loads(described([first, first]))["counts"]["train"] == 40
    assert [one["counts"]["train"] for one in json.loads(described([first, second, first]))] == [40, 30]
