"""Halving inside the stack: survivors train on exactly as they would have, the others' curves end."""

import json

import numpy as np
import pytest

import shoal
from searches import L2, search_study
from shoal.data.inputs import Loader
from shoal.errors import RunError, StudyError
from shoal.population.plan import plan_study
from shoal.population.progress import NullListener
from shoal.search.halving import HalvingSchedule, SuccessiveHalving, halving_schedule
from shoal.search.halving_run import halving_plan, run_halving
from shoal.search.halving_stacks import StackInTraining, narrow
from shoal.search.loop import run_search
from shoal.search.strategy import ACCURACY
from shoal.study.load import make_study
from shoal.study.settings.search import Halving
from shoal.training.runtime import numerics
from small_studies import blobs, raw_study

FOUR = Halving(strategy="halving", trials=4, rungs=1, over={})
EIGHT = Halving(strategy="halving", trials=8, rungs=1, over={})
HALVING = Halving(strategy="halving", trials=8, rungs=2, over={})
LEVELS = [float(level) for level in np.geomspace(1e-3, 1.0, 8)]
TRAINING = {"steps": 16, "batch_size": 10, "learning_rate": 0.1, "precision": "float64", "optimizer": "adam"}


def levels_study(vary=None, **tables):
    network = {"hidden": [4], "batch_norm": True}
    vary = vary or {"training.learning_rate": LEVELS, "seed": 2}
    return make_study(raw_study(training=TRAINING, network=network, vary=vary, **tables))


def halved(study, settings=HALVING, memory=None, folder=None, watcher=None, **options):
    loader = Loader(dataset=blobs())
    return run_halving(study, folder, settings, loader, watcher or NullListener(), memory, **options)


class Presses(NullListener):
    """Ctrl-C after so many calls with steps."""

    def __init__(self, after=0):
        self.left = after

    def on_steps(self, chunk, steps, values):
        if steps:
            self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def both():
    """The same cells by halving and trained to the end."""
    study = levels_study()
    whole = shoal.run(study, dataset=blobs(), check=False)
    return halved(study), whole


def test_a_survivor_trains_on_exactly_as_it_would_have_alone(both):
    found, whole = both
    at = whole["step"].isin(found["step"]).values
    common = [int(step) for step in whole["step"].values[at]]
    for name in ("validation_accuracy", "validation_loss", "train_loss"):
        ours, theirs = found[name].sel(step=common).values, whole[name].sel(step=common).values
        known = ~np.isnan(ours)
        assert known[..., -1].sum() == 2 * 2  # two of eight trials, two seeds
        np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-12 if name != "train_loss" else 1e-6)


def test_curves_end_at_the_rung_where_a_trial_was_dropped(both):
    found, _ = both
    ends = {0: 4, 1: 8, 2: 16}
    for rung, curve in zip(found["rung"].values, found["validation_loss"].values[:, 0], strict=True):
        assert found["step"].values[~np.isnan(curve)][-1] == ends[rung]
    assert sorted(found["rung"].values) == [0, 0, 0, 0, 1, 1, 2, 2]


def test_the_worst_of_each_rung_are_those_that_are_dropped(both):
    found, _ = both
    scores = found["validation_accuracy"].mean("seed")
    for rung, step in ((0, 4), (1, 8)):
        own = scores.sel(step=step).values
        dropped, kept = own[found["rung"].values == rung], own[found["rung"].values > rung]
        assert dropped.max() <= kept.min()


@pytest.mark.parametrize(
    ("shared", "memory", "chunks"),
    [(False, 3.202e7, [3, 3, 3, 3, 2, 2]), (True, None, [8])],  # bytes for three cells, and for all
    ids=["lanes of three are joined", "one order for all seeds"],
)
def test_survivors_are_gathered_whatever_the_chunks(shared, memory, chunks):
    training = {**TRAINING, "shared_order": shared}
    study = make_study(raw_study(training=training, vary={"training.l2": LEVELS, "seed": 2}))
    assert [len(c.cells) for c in plan_study(study, dataset=blobs(), memory=memory).chunks] == chunks
    whole = shoal.run(study, dataset=blobs(), check=False)["validation_loss"].values
    found = halved(study, EIGHT, memory=memory)
    ended = found["rung"].values
    assert sorted(ended) == [0] * 4 + [1] * 4
    ours = found["validation_loss"].values[ended == 1]
    np.testing.assert_allclose(ours[..., -1], whole[ended == 1][..., -1], rtol=1e-6)  # kept as float32


def test_structures_race_against_each_other():
    vary = {"network.hidden": [[3], [4]], "training.l2": LEVELS[:2], "seed": 2}
    found = halved(make_study(raw_study(training=TRAINING, vary=vary)), FOUR)
    assert found["rung"].dims == ("hidden", "l2")
    assert sorted(found["rung"].values.ravel()) == [0, 0, 1, 1]


def test_a_trial_that_diverges_leaves_before_its_rung():
    rates = [*LEVELS[:4], 1e30, 1e31, 1e32, 1e33]
    vary = {"training.learning_rate": rates, "seed": 2}
    training = {**TRAINING, "optimizer": "sgd", "precision": "float32"}
    study = make_study(raw_study(training=training, vary=vary, record={"points": None, "steps": [2]}))
    found = halved(study)
    left = (found["diverged_step"] >= 0).any("seed").values
    assert list(left) == [False] * 4 + [True] * 4
    ends = [found["step"].values[~np.isnan(c)][-1] for c in found["validation_accuracy"].values[:, 0]]
    assert max(np.array(ends)[left]) == 2
    assert max(np.array(ends)[~left]) == 16


def test_the_ladder_is_few_widths_and_budgets_that_grow():
    ladder = halving_schedule(Halving(strategy="halving", trials=64, rungs=3, reduction=2, over={}))
    assert ladder == HalvingSchedule((64, 32, 16, 8), (0.125, 0.25, 0.5))
    assert ladder.rungs(800) == (100, 200, 400, 800)
    assert [ladder.width(alive) for alive in (1, 8, 9, 33)] == [8, 8, 16, 64]


def test_the_plan_counts_the_steps_that_are_trained():
    plan = halving_plan(plan_study(levels_study(), dataset=blobs()), HALVING)
    assert plan.network_steps == 2 * (8 * 4 + 4 * 4 + 2 * 8)
    assert plan.describe()["widths"] == [8, 4, 2]


def test_a_whole_search_by_halving_says_where_each_trial_ended():
    study = search_study(strategy="halving", trials=4, rungs=1, finalists=2, confirm=2)
    found = run_search(study, None, Loader(dataset=blobs()), NullListener(), _train)
    record = json.loads(found.search.attrs["search"])
    assert sorted(found.search["rung"].values) == [0, 0, 1, 1]
    assert list(found.search["steps"].values[np.argsort(found.search["rung"].values)]) == [3, 3, 6, 6]
    assert record["rounds_run"][0]["network_steps"] == 2 * (4 * 3 + 2 * 3)
    dropped = found.search["reason"].values[found.search["rung"].values == 0]
    assert list(dropped) == ["dropped at rung 1"] * 2
    assert found.results.sizes["l2"] == 2


def _train(own, folder, halving=None):
    if halving is None:
        return shoal.run(own, dataset=blobs(), check=False)
    return halved(own, halving)


def same(one, other):
    assert set(one.data_vars) == set(other.data_vars)
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)


def test_an_interrupted_halving_goes_on_from_its_last_rung_with_the_same_bits(both, tmp_path):
    study, folder = levels_study(), tmp_path / "00"
    with pytest.raises(KeyboardInterrupt):  # between the first rung and the second
        halved(study, folder=folder, watcher=Presses(after=4))
    assert [p.name for p in (folder / "checkpoints").iterdir()] == ["rung-0001.safetensors"]

    class Counts(NullListener):
        trained = before = 0

        def on_steps(self, chunk, steps, values):
            self.trained += steps * chunk.members

        def resumed(self, chunk, steps):
            self.before += steps * chunk.members

    counts = Counts()
    same(halved(study, folder=folder, watcher=counts), both[0])
    assert counts.before == 2 * 8 * 4
    assert counts.trained == 2 * (4 * 4 + 2 * 8)
    assert not (folder / "checkpoints").exists()


def test_a_rung_of_other_versions_wants_force(tmp_path, monkeypatch):
    study = make_study(raw_study(vary={"training.l2": LEVELS[:4], "seed": 1}))
    with pytest.raises(KeyboardInterrupt):
        halved(study, FOUR, folder=tmp_path / "00", watcher=Presses(after=2))
    monkeypatch.setattr("shoal.runs.fingerprint.__version__", "0.0.1")
    with pytest.raises(RunError, match=r"shoal: .*, now 0\.0\.1"):
        halved(study, FOUR, folder=tmp_path / "00")
    assert halved(study, FOUR, folder=tmp_path / "00", force=True)["finished"].sum() == 2


def test_a_damaged_rung_begins_the_halving_again_and_says_so(tmp_path):
    study = make_study(raw_study(vary={"training.l2": LEVELS[:4], "seed": 1}))
    with pytest.raises(KeyboardInterrupt):
        halved(study, FOUR, folder=tmp_path / "00", watcher=Presses(after=2))
    (tmp_path / "00/checkpoints/rung-0001.safetensors").write_bytes(b"no longer")
    said = []

    class Hears(NullListener):
        def on_note(self, line):
            said.append(line)

    found = halved(study, FOUR, folder=tmp_path / "00", watcher=Hears())
    assert found["finished"].sum() == 2
    assert any("the halving begins again" in line for line in said)


def test_columns_that_go_on_are_gathered_to_the_last_bit():
    plan = halving_plan(plan_study(levels_study(), dataset=blobs()), HALVING)
    with numerics("float64") as dtype:
        whole = StackInTraining(plan.chunks[0], 8, dtype, {})
        whole.advance(3, lambda steps: None)
        before = whole.state()
        (cut,) = narrow([whole], [[1, 4, 6]], [4])
        after = cut.state()
    assert cut.cells == (1, 4, 6)
    for name, value in before.items():
        if not name.startswith(".members"):
            np.testing.assert_array_equal(after[name], value, err_msg=name)
            continue
        axis = 2 if after[name].shape[1] != 4 else 1  # first weights have columns third
        np.testing.assert_array_equal(after[name], np.take(value, [1, 4, 6, 6], axis), err_msg=name)


def test_ctrl_c_passes_through():
    study = make_study(raw_study(vary={"training.l2": LEVELS[:4], "seed": 1}))
    plan = halving_plan(plan_study(study, dataset=blobs()), FOUR)
    with pytest.raises(KeyboardInterrupt):
        SuccessiveHalving(plan, plan.ladder, ACCURACY, Presses()).run()


def test_too_many_rungs_are_refused():
    with pytest.raises(StudyError, match="8 trials cannot be divided by 2 at 4 rungs"):
        search_study(strategy="halving", trials=8, rungs=4, over=L2)
