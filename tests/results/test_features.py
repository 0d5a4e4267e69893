"""Pictures of first-layer weights and of mistakes, as a result keeps them."""

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import shoal
from shoal.data import Dataset, Part, fit_pca, fit_scaling
from shoal.data.inputs import PreparedData
from shoal.data.split import Splits
from shoal.population.first_layer import first_map, weight_pictures
from shoal.population.plan import plan_study
from shoal.results.features import MOST_UNITS, untrained
from small_studies import blobs, small_study

RNG = np.random.default_rng(2)


def images(n: int = 120, channels: int = 1) -> Dataset:
    """Images of 4 x 3 pixels in three classes, one of whose pixels is always 7."""
    labels = np.arange(n) % 3
    centres = 90 * RNG.random((3, 4, 3, channels))
    inputs = (centres[labels] + 60 * RNG.random((n, 4, 3, channels))).astype(np.uint8)
    inputs[:, 0, 0] = 7
    return Dataset("small images", Part(inputs, labels), None, ("ant", "bee", "cow"))


def study(**tables):
    return small_study(**{"data": {"standardize": "feature", "test": 40}, **tables})


def run(dataset, **tables):
    return shoal.run(study(**tables), dataset=dataset, check=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run of three cells, and its folder."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    given = study(vary={"seed": 2, "training.l2": [0.0, 0.1, 0.2]})
    data = images()
    return shoal.run(given, folder, dataset=data, check=False), shoal.open_run(folder), data


def test_pictures_are_the_weights_of_the_first_seed_divided_by_the_standardization(trained):
    result, kept, data = trained
    origin = plan_study(study(), dataset=data).programs[0].inputs
    for i, about in enumerate(json.loads(result.attrs["feature_cells"])):
        W = kept.weights(f"l2={about['cell']['training.l2']}/seed=0/affine_1.W")
        (W,) = W.values()
        scale = origin.scaling.scale[..., None]
        expected = np.divide(W.reshape(4, 3, 1, 4), scale, out=np.zeros((4, 3, 1, 4)), where=scale > 0)
        shown = result["feature_trained"].values[i]
        np.testing.assert_allclose(shown, np.moveaxis(expected, -1, 0)[about["units"]], rtol=1e-5)
        norms = np.sqrt((shown**2).sum(axis=(1, 2, 3)))
        assert (np.diff(norms) <= 0).all()
        assert not shown[:, 0, 0].any()  # the constant pixel


def test_the_best_cell_comes_first(trained):
    result, _, _ = trained
    cells = json.loads(result.attrs["feature_cells"])
    assert len(cells) == 3
    assert cells[0]["cell"] == json.loads(result.attrs["best_cell"])


def test_untrained_weights_are_those_that_training_started_from(tmp_path):
    still = study(training={"learning_rate": 1e-12}, vary={"seed": [3]})
    result = shoal.run(still, tmp_path / "run", dataset=images(), check=False)
    np.testing.assert_allclose(result["feature_untrained"], result["feature_trained"], rtol=1e-5)
    (program,) = plan_study(still, dataset=images()).programs
    kept = shoal.open_run(tmp_path / "run").weights()
    for layer, own in untrained(program, program.cells[0], 3).items():
        np.testing.assert_allclose(own["W"], kept[f"the only cell/seed=3/{layer}.W"], rtol=1e-5)


def test_mistakes_are_those_of_the_best_cells_first_network_the_surest_first(trained):
    result, kept, data = trained
    best = json.loads(result.attrs["best_cell"])["training.l2"]
    inputs = plan_study(study(), dataset=data).programs[0].inputs
    weights = {k.split("/")[-1]: v for k, v in kept.weights(f"l2={best}/seed=0/").items()}
    x = inputs.scaling.apply(inputs.splits.test.inputs).reshape(40, -1)
    hidden = np.maximum(x @ weights["affine_1.W"] + weights["affine_1.b"], 0)
    p = np.asarray(jax.nn.softmax(jnp.asarray(hidden @ weights["affine_2.W"] + weights["affine_2.b"])))
    wrong = np.flatnonzero(p.argmax(axis=1) != inputs.splits.test.labels)
    order = wrong[np.argsort(-p.max(axis=1)[wrong], kind="stable")][:20]
    assert len(order) > 1
    np.testing.assert_array_equal(result["mistake_index"], order)
    np.testing.assert_allclose(result["mistake_probability"], p.max(axis=1)[order], rtol=1e-5)
    np.testing.assert_array_equal(result["mistake_image"], inputs.splits.test.inputs[order])
    names = np.array(data.classes)
    assert list(result["mistake_true"].values) == list(names[inputs.splits.test.labels[order]])
    assert list(result["mistake_predicted"].values) == list(names[p.argmax(axis=1)[order]])


def test_a_kept_result_has_the_same_pictures(trained):
    result, kept, _ = trained
    for name in ("feature_trained", "feature_untrained", "mistake_image", "mistake_true"):
        np.testing.assert_array_equal(result[name].values, kept.results[name].values)


def inputs_with(kind, pca=None):
    data = images(channels=3).train
    scaling = fit_scaling(kind, data.inputs)
    origin = PreparedData(images(), Splits(data, None, None), scaling)
    if pca is None:
        return origin
    found = fit_pca(scaling, data.inputs).keep(pca)
    splits = found.apply_to(origin.splits)
    return PreparedData(images(), splits, fit_scaling("none", splits.train.inputs), found, origin)


@pytest.mark.parametrize("kind", ["feature", "channel", "mean_image", "range", "none"])
@pytest.mark.parametrize("pca", [None, 7])
def test_a_step_along_a_picture_moves_the_scaled_inputs_along_the_weights(kind, pca):
    inputs = inputs_with(kind, pca)
    reduce = inputs.scaling.apply if inputs.pca is None else inputs.pca.apply
    W = RNG.normal(size=(inputs.shape[0] if pca else 36, 2)).astype(np.float32)
    if inputs.pca is None:
        W.reshape(4, 3, 3, 2)[inputs.scaling.scale == 0] = 0  # no picture can move a constant pixel
    (picture, _) = weight_pictures(W, inputs, convolution=False)
    assert picture.shape == (4, 3, 3)
    image = (inputs.origin or inputs).splits.train.inputs[:1].astype(np.float32)
    moved = reduce(image + picture) - reduce(image)
    np.testing.assert_allclose(moved.ravel(), W[:, 0], atol=1e-3)


def test_kernels_are_pictures_as_they_are():
    W = RNG.normal(size=(5, 4, 3, 6)).astype(np.float32)
    pictures = weight_pictures(W, inputs_with("feature"), convolution=True)
    np.testing.assert_array_equal(pictures[2], W[..., 2])


LAYERS = {
    "dense": ([{"dense": 4}], ("affine_1", False)),
    "behind dropout": ([{"dropout": 0.1}, "flatten", {"dense": 4}], ("affine_1", False)),
    "convolution": ([{"conv": 2, "kernel": 2}, "relu"], ("convolution_1", True)),
    "behind a pool": ([{"average_pool": 2}, {"dense": 4}], None),
    "behind batch norm": (["batch_norm", {"dense": 4}], None),
    "behind an activation": (["tanh", {"dense": 4}], None),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_only_a_first_layer_on_the_pixels_themselves_is_drawn(kind):
    layers, expected = LAYERS[kind]
    raw = {"data": {"standardize": "none"}, "training": {"steps": 1, "batch_size": 10, "learning_rate": 0.1}}
    given = shoal.study.load.make_study({**raw, "network": {"layers": layers}, "vary": {"seed": 1}})
    (program,) = plan_study(given, dataset=images()).programs
    found = first_map(program.network())
    assert (found and (found.layer, found.convolution)) == expected


def test_cells_of_unlike_widths_stand_in_one_array():
    result = run(images(), vary={"seed": 1, "network.hidden": [[3], [50]]})
    cells = json.loads(result.attrs["feature_cells"])
    sizes = {json.dumps(about["cell"]): len(about["units"]) for about in cells}
    assert sorted(sizes.values()) == [3, MOST_UNITS]
    for i, about in enumerate(cells):
        assert np.isfinite(result["feature_trained"].values[i, : len(about["units"])]).all()
        assert np.isnan(result["feature_trained"].values[i, len(about["units"]) :]).all()


def test_examples_that_are_no_images_leave_no_pictures():
    result = run(blobs(), vary={"seed": 1}, data={"test": 8})
    assert not [name for name in result if str(name).startswith(("feature", "mistake"))]


def test_a_network_that_diverged_is_not_drawn():
    result = run(images(), training={"learning_rate": 1e30}, vary={"seed": 1})
    assert result["diverged"].all()
    assert "feature_trained" not in result
    assert "mistake_image" not in result


def test_weights_from_a_file_are_the_untrained_ones(tmp_path):
    plan = plan_study(small_study(), dataset=blobs())
    program = plan.programs[0]
    first = program.network().names[0]
    given = {first: {"W": np.full((4, 3), 7.0)}}
    handed = replace(program, given=replace(program.given, weights=given))
    assert untrained(handed, program.cells[0], 0) is given
