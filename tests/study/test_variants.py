"""Variants: levels with names, each of which stands for several settings."""

import numpy as np
import pytest

from shoal.api import run
from shoal.errors import StudyError
from shoal.lr_range.ramp import Ramp, ramp_study
from shoal.study.load import load_study, make_study

BASE = {
    "network": {"hidden": [5]},
    "training": {"steps": 4, "schedule": {"kind": "step_decay", "rate": 0.1, "factor": 0.5}},
    "record": {"points": 2},
}
TWO = {"plain": {}, "deep": {"network": {"hidden": [5, 5], "batch_norm": True}, "training": {"l2": 0.01}}}


def study(**vary):
    return make_study({**BASE, "vary": {"seed": 2, **vary}})


def wrong(**vary):
    with pytest.raises(StudyError) as caught:
        study(**vary)
    return str(caught.value)


def test_each_variant_is_a_level_with_its_settings():
    plain, deep = study(variant=TWO).cells()
    assert plain.label == "variant=plain"
    assert deep.label == "variant=deep"
    assert plain.settings.network.hidden == (5,)
    assert deep.settings.network.hidden == (5, 5)
    assert deep.settings.training.l2 == 0.01
    assert plain.settings.training.l2 == 0


def test_settings_may_be_dotted_paths_and_toml_tables_alike(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(
        '[training]\nsteps = 3\nlearning_rate = 0.1\n[vary]\nseed = 1\n[vary.kind."a b"]\n'
        '"training.l2" = 0.5\n[vary.kind.other]\ntraining.l2 = 0.25\ndata.standardize = "channel"\n'
    )
    first, second = load_study(file).cells()
    assert (first.settings.training.l2, second.settings.training.l2) == (0.5, 0.25)
    assert first.names == ("kind",)
    assert first.label == "kind=a b"
    assert second.settings.data.standardize == "channel"


def test_a_table_with_a_kind_replaces_the_studys_and_one_without_is_added_to_it():
    levels = {
        "slower": {"training": {"schedule": {"factor": 0.9}}},
        "other": {"training": {"schedule": {"kind": "cosine", "rate": 0.2}}},
    }
    slower, other = (cell.settings.training.schedule for cell in study(variant=levels).cells())
    assert (slower.kind, slower.rate, slower.factor) == ("step_decay", 0.1, 0.9)
    assert (other.kind, other.rate) == ("cosine", 0.2)


def test_variants_cross_with_other_factors():
    made = study(variant=TWO, **{"data.standardize": ["feature", "range"]})
    assert made.member_count == 8
    assert [f.name for f in made.factors] == ["standardize", "variant"]


def test_variants_that_differ_in_numbers_only_share_a_program_and_the_result_has_their_names():
    levels = {
        "weak": {"training": {"l2": 1e-3}},
        "strong": {"training": {"l2": 1e-1, "schedule": {"rate": 1}}},
    }
    levels["strong"]["training"]["schedule"]["rate"] = 1.0
    dataset = run(study(variant=levels), check=False)
    assert list(dataset["variant"].values) == ["weak", "strong"]
    assert dataset["train_accuracy"].dims[0] == "variant"
    assert '"programs": 1' in dataset.attrs["plan"] or "'programs': 1" in dataset.attrs["plan"]
    alone = run(study(**{"training.l2": [1e-3]}), check=False)
    same = dataset["train_loss"].sel(variant="weak").values
    np.testing.assert_allclose(same, alone["train_loss"].values[0], rtol=1e-5)


def test_dropout_in_one_variant_draws_the_same_noise_as_dropout_in_the_study():
    levels = {"none": {}, "half": {"network": {"dropout": 0.5}}}
    both = run(study(variant=levels), check=False)["train_loss"].sel(variant="half").values
    alone = run(study(**{"network.dropout": [0.5]}), check=False)["train_loss"].values[0]
    np.testing.assert_allclose(both, alone, rtol=1e-5)


def test_a_ramp_keeps_the_variants_but_for_their_rates():
    levels = {"a": {"training": {"l2": 0.1, "schedule": {"rate": 0.3}}}, "b": {"network": {"hidden": [6]}}}
    ramped = ramp_study(study(variant=levels), Ramp(1e-4, 1.0, 10))
    a, b = ramped.cells()
    assert a.settings.training.l2 == 0.1
    assert b.settings.network.hidden == (6,)
    assert a.settings.training.schedule == b.settings.training.schedule
    only_rates = {"a": {}, "b": {"training": {"schedule": {"rate": 0.3}}}}
    assert ramp_study(study(variant=only_rates), Ramp(1e-4, 1.0, 10)).shape == ()


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ({"variant": {"a": {"training": {"l3": 1}}}}, 'vary.variant."a": training.l3: unknown key'),
        ({"variant": {"a": {}, "b": {"training": {"l2": -1}}}}, 'vary.variant."b": training.l2: got -1'),
        ({"variant": {"a": {"record": {"points": 3}}}}, 'vary.variant."a": record'),
        ({"variant": {"a": {"l2": 3}}}, "training.l2"),
        ({"step": {"a": {}}}, "another use for this name"),
        ({"my kind": {"a": {}}}, "letters, digits and _"),
        ({"variant": TWO, "training.l2": [0.0, 1.0]}, "sets training.l2, which"),
        (
            {"variant": {"a": {"network": {"hidden": []}, "network.hidden": [2]}}},
            "network.hidden is written twice",
        ),
    ],
)
def test_mistakes_name_the_variant(vary, sentence):
    assert sentence in wrong(**vary)


def test_two_factors_of_variants_may_not_set_the_same():
    assert "vary.two: sets training.l2, which vary.one varies too" in wrong(
        one={"a": {"training": {"l2": 0.1}}}, two={"b": {"training": {"l2": 0.2}}}
    )
