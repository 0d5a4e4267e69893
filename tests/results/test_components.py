"""Principal components in a study: learned on the training split, varied, kept in the result."""

import json

import numpy as np
import pytest
import xarray as xr
from sklearn.decomposition import PCA

import shoal
from shoal.data import Dataset, Part
from shoal.data.inputs import Loader
from shoal.errors import DataError, StudyError
from shoal.results.arrays import coordinate_of
from shoal.results.features import add_components
from shoal.study.load import make_study
from small_studies import blobs, plan_of, raw_study, small_study


def data_of(**data):
    return small_study(data=data).base.data


def run(**tables):
    return shoal.run(small_study(**tables), dataset=blobs(), check=False)


def test_inputs_are_rows_of_components_of_the_standardized_training_split():
    plain = Loader(dataset=blobs()).inputs(data_of(standardize="feature"))
    inputs = Loader(dataset=blobs()).inputs(data_of(standardize="feature", pca=3))
    train = plain.scaling.apply(plain.splits.train.inputs).astype(np.float64)
    reference = PCA(3).fit(train)
    assert inputs.shape == (3,)
    for part, own in ((plain.splits.train, inputs.splits.train), (plain.splits.test, inputs.splits.test)):
        expected = reference.transform(plain.scaling.apply(part.inputs))
        signs = np.sign(np.sum(reference.components_ * inputs.pca.components, axis=1))
        np.testing.assert_allclose(inputs.scaling.apply(own.inputs), expected * signs, atol=1e-4)
        np.testing.assert_array_equal(own.labels, part.labels)


def test_nothing_leaks_from_validation_or_test_examples():
    good, data = blobs(), data_of(standardize="feature", pca=0.9)
    first = Loader(dataset=good).inputs(data)
    train = {tuple(row) for row in first.origin.splits.train.inputs}
    inputs = good.train.inputs.copy()
    inputs[[tuple(row) not in train for row in inputs]] *= -100
    other = Loader(dataset=Dataset("blobs", Part(inputs, good.train.labels), None, good.classes)).inputs(data)
    np.testing.assert_array_equal(first.pca.components, other.pca.components)
    np.testing.assert_array_equal(first.splits.train.inputs, other.splits.train.inputs)
    assert not np.allclose(first.splits.test.inputs, other.splits.test.inputs)


def test_components_are_learned_once_for_all_numbers_of_them(monkeypatch):
    fitted = []
    from shoal.data import inputs as module

    real = module.fit_pca
    monkeypatch.setattr(module, "fit_pca", lambda *given: fitted.append(1) or real(*given))
    loader = Loader(dataset=blobs())
    sizes = [loader.inputs(data_of(pca=pca)).shape for pca in (2, 4, 0.5, 2)]
    assert len(fitted) == 1
    assert sizes[:2] == [(2,), (4,)]


@pytest.fixture(scope="module")
def varied():
    """A study with and without components."""
    data = {"standardize": "feature"}
    return run(data=data, vary={"seed": 1, "data.pca": ["none", 3]}, network={"hidden": []})


def test_components_vary_as_a_factor_and_the_result_keeps_them(varied):
    assert list(varied["pca"].values) == ["none", "3"]
    assert varied["finished"].all()
    assert varied["pca_components"].shape == (1, 3, 5)
    (basis,) = json.loads(varied.attrs["pca_bases"])
    assert [kept["components"] for kept in basis["kept"]] == [3]
    assert varied["explained_variance_ratio"].sum() == pytest.approx(1, abs=1e-5)
    assert [one["shape"] for one in json.loads(varied.attrs["data"])] == [[5], [3]]


def test_the_result_turns_inputs_into_components(varied):
    inputs = Loader(dataset=blobs()).inputs(data_of(pca=3, standardize="feature"))
    basis = varied.isel(pca_basis=0)
    scaled = (inputs.origin.splits.test.inputs - basis["pca_offset"].values) * basis["pca_scale"].values
    rows = (scaled - basis["pca_mean"].values) @ basis["pca_components"].values.T
    np.testing.assert_allclose(rows, inputs.splits.test.inputs, atol=1e-5)


def test_each_standardization_has_a_basis_of_its_own():
    plan = plan_of(blobs(), data={"pca": 2}, vary={"seed": 1, "data.standardize": ["none", "feature"]})
    result = add_components(xr.Dataset(), plan)
    assert [basis["scaling"] for basis in json.loads(result.attrs["pca_bases"])] == ["none", "feature"]
    assert not np.allclose(*result["pca_components"].values)


def test_numbers_and_shares_together_are_categories():
    mixed, numbers = ([0.5, 2], "category"), ([2, 3], "linear")
    for levels, scale in (mixed, numbers):
        (factor,) = small_study(vary={"data.pca": levels}).factors
        assert coordinate_of(factor)[1]["scale"] == scale


def test_more_components_than_features_name_the_cell():
    with pytest.raises(DataError, match=r"cell \(pca=6\): pca = 6, but 5 features have at most 5"):
        plan_of(blobs(), vary={"seed": 1, "data.pca": [2, 6]})


@pytest.mark.parametrize("pca", [0, -3, 0.0, 1.0, 2.5, True, "all"])
def test_what_is_no_number_of_components_is_refused(pca):
    with pytest.raises(StudyError, match=r"data.pca: got .*expected a number of components \(250\), a share"):
        small_study(data={"pca": pca})


@pytest.mark.parametrize(
    ("layer", "name"),
    [({"conv": 2, "kernel": 3}, "conv"), ({"max_pool": 2}, "max_pool"), ("global_average_pool",) * 2],
)
def test_a_layer_of_images_behind_components_says_that_the_images_are_gone(layer, name):
    raw = raw_study(data={"pca": 3}, network={"hidden": None, "layers": [layer, {"dense": 4}]})
    del raw["network"]["hidden"]
    with pytest.raises(
        StudyError, match=f"network.layers has {name}, which needs images; data.pca turns these"
    ):
        make_study(raw)


def test_a_function_has_no_components():
    data = {"name": "function", "function": "abs", "range": [-1, 1], "examples": 20, "pca": 1}
    with pytest.raises(StudyError, match="pca: not with a function"):
        make_study({"data": data, "network": {"loss": "squared_error"}, "training": raw_study()["training"]})
