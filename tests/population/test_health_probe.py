"""`[record] health`: a member measured as the network would be alone; nothing at all where it is off."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from numpy_training import scaled, train_in_numpy
from shoal.analysis import health
from shoal.api import run
from shoal.data import Part
from shoal.errors import StudyError
from shoal.population.device_data import to_device
from shoal.population.members import member_inputs
from shoal.population.stack import stack_of
from shoal.population.team import JointTraining
from shoal.population.train import train_chunk
from shoal.results.assemble import assemble
from shoal.results.health import merged_names
from shoal.training.runtime import numerics
from small_studies import blobs, plan_of, small_study

STUDY = {
    "network": {"hidden": [6, 5], "batch_norm": True, "dropout": 0.2},
    "training": {"precision": "float64", "steps": 30},
    "vary": {"training.l2": [0.0, 0.01], "seed": [3, 8]},
}
PROBE = {"examples": 16, "quantiles": [0.1, 0.5, 0.9]}


def chunk_of(health, **record):
    (chunk,) = plan_of(**STUDY, record={"points": 2, "health": health, **record}).chunks
    return chunk


def lowered(chunk):
    """The text of each program of a chunk, before XLA."""
    with numerics("float64") as dtype:
        who = (member_inputs(chunk, dtype),)
        data = to_device(chunk.program, who[0], dtype)
        team = JointTraining([stack_of(chunk, dtype)])
        population, step = jax.eval_shape(team.start, who), jax.ShapeDtypeStruct((), jnp.int32)
        advance = jax.jit(team.advance, donate_argnums=0).lower(population, who, data, step)
        measure = jax.jit(partial(team.measure, at_end=False)).lower(population, who, data)
        return advance.as_text(), measure.as_text()


def test_where_it_is_off_the_programs_are_the_same_and_there_is_one_less(monkeypatch):
    off, on = chunk_of(False), chunk_of(True)
    assert lowered(off) == lowered(on)
    compiled = []
    monkeypatch.setattr(JointTraining, "health", lambda *given: compiled.append(given) or [{}])
    train_chunk(off)
    assert not compiled
    train_chunk(on)
    assert compiled


def test_it_changes_no_bit_of_what_is_trained():
    off, on = train_chunk(chunk_of(False)), train_chunk(chunk_of(PROBE))
    for name, values in off.weights.items():
        np.testing.assert_array_equal(on.weights[name], values)
    for name, values in off.curves.items():
        np.testing.assert_array_equal(on.curves[name], values)
    assert {"gradient_norm", "update_ratio", "dead_fraction"} <= on.curves.keys() - off.curves.keys()


def test_a_stacked_member_has_the_health_of_the_network_trained_alone():
    chunk = chunk_of(PROBE)
    result = assemble(plan_of(**STUDY, record={"points": 2, "health": PROBE}), [train_chunk(chunk)], {})
    alone = train_in_numpy(chunk.program, 1, 8)
    network, part = alone.network, chunk.program.inputs.splits.train
    x = scaled(chunk.program, part.inputs[:16])
    z = x @ alone.parameters["affine_1"]["W"] + alone.parameters["affine_1"]["b"]
    member = result.sel(l2=0.01, seed=8).isel(step=-1)
    first = member.sel(layer="affine_1")
    assert float(first["activation_mean"]) == pytest.approx(z.mean(), rel=1e-6)
    np.testing.assert_allclose(first["activation_quantile"], np.quantile(z, [0.1, 0.5, 0.9]), rtol=1e-6)
    W = alone.parameters["affine_1"]["W"]
    assert float(first["weight_norm"]) == pytest.approx(np.linalg.norm(W), rel=1e-6)
    norm = member.sel(layer="batch_norm_1")
    means = alone.state["batch_norm_1"]["mean"]
    np.testing.assert_allclose(norm["running_mean_quantile"], np.quantile(means, [0.1, 0.5, 0.9]), rtol=1e-5)
    assert np.isnan(norm["gradient_norm"])
    assert "dropout_1" not in result["layer"].values
    assert len(network.names) == len(result["layer"]) + 2


def test_layers_that_a_cell_lacks_are_nan_and_every_variable_says_what_it_is():
    vary = {"network.hidden": [[4], [4, 3]], "network.batch_norm": [False, True], "seed": 1}
    result = run(small_study(vary=vary, record={"points": 1, "health": True}), dataset=blobs(), check=False)
    assert result["layer"].values.tolist() == [
        "affine_1", "batch_norm_1", "relu_1", "affine_2", "batch_norm_2", "relu_2", "affine_3",
    ]  # fmt: skip
    norms = result["gradient_norm"].isel(hidden=0, batch_norm=0, seed=0, step=-1)
    assert norms.notnull().values.tolist() == [True, False, False, True, False, False, False]
    assert all(variable.attrs["long_name"] and variable.attrs["units"] for variable in result.values())
    assert health(result).measured
    assert result.attrs["health"] == '{"examples": 40}'


def test_chains_are_merged_in_their_order():
    chains = [["a_1", "c_1"], ["a_1", "b_1", "c_1", "d_1"], ["e_1", "a_1"]]
    assert merged_names(chains) == ["e_1", "a_1", "b_1", "c_1", "d_1"]


def test_layers_of_a_kind_are_in_the_order_of_their_numbers_where_networks_disagree():
    chains = [["conv_1", "norm_1", "conv_2", "norm_2"], ["norm_1", "conv_1", "norm_2", "conv_2", "norm_3"]]
    merged = merged_names(chains)
    assert [name for name in merged if name.startswith("norm")] == ["norm_1", "norm_2", "norm_3"]
    assert [name for name in merged if name.startswith("conv")] == ["conv_1", "conv_2"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"examples": 1}, "record.health.examples: got 1; expected 2 or more"),
        ({"quantiles": [0.5, 0.1]}, "quantiles in rising order"),
        ({"example": 5}, "examples"),
        (3, "record.health"),
    ],
)
def test_a_wrong_setting_is_told(value, said):
    with pytest.raises(StudyError) as caught:
        small_study(record={"health": value})
    assert said in str(caught.value)


@pytest.mark.parametrize("rate", [0.1, 3.0])
def test_digits_are_healthy_at_a_good_rate_and_sick_at_one_too_high(rate):
    raw = {
        "data": {"train": None, "validation": 300, "test": 200, "standardize": "feature"},
        "network": {"hidden": [50, 50]},
        "training": {"steps": 150, "batch_size": 50, "learning_rate": rate},
        "record": {"points": 5, "health": True, "training_examples": 300},
    }
    found = {finding.name for finding in health(run(small_study(**raw), check=False)).findings}
    if rate < 1:
        assert found == set()
    else:
        assert {"rate-too-high", "dying-units", "no-learning"} <= found


def test_the_fast_form_of_a_convolutional_network_measures_the_same(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, size=(60, 8, 8, 1), dtype=np.uint8)
    dataset = replace(blobs(), train=Part(images, blobs().train.labels))
    layers = [{"conv": 3, "kernel": 3}, "batch_norm", "relu", {"max_pool": 2}, {"dense": 5}, "tanh"]
    (chunk,) = plan_of(
        dataset,
        data={"standardize": "feature"},
        network={"hidden": None, "layers": layers},
        training={"precision": "float64"},
        record={"points": 1, "health": {"examples": 8}},
    ).chunks
    fast = train_chunk(chunk).curves  # of few examples: of many, another form sorts another sample
    monkeypatch.setattr("shoal.population.stack.accelerate", lambda network, platform: network)
    plain = train_chunk(chunk).curves
    for name in plain:
        np.testing.assert_allclose(fast[name], plain[name], rtol=1e-9, atol=1e-12, err_msg=name)
    assert np.isfinite(plain["dead_fraction"]).sum() == 2 * 2  # of channels: two seeds, two records
