"""Networks of different structure that train together are the networks that they would be alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from shoal.api import run
from shoal.population.device_data import to_device
from shoal.population.members import member_inputs
from shoal.population.memory import BLOCK_BYTES, team_bytes
from shoal.population.progress import NullListener
from shoal.population.stack import stack_of
from shoal.population.team import JointTraining
from shoal.population.train import train_chunk, train_team
from shoal.training.runtime import numerics
from small_studies import blobs, images, plan_of, small_study

SAME = 1e-12  # float64
MEMORY = BLOCK_BYTES + 1e6  # of a block being measured, and of three or so of the networks below
TRAINING = {"precision": "float64", "l2": 0.01}
VARIANTS = {  # any widths, depths, activations, losses and optimizers, side by side
    "dropping": {"network.hidden": [1], "network.dropout": 0.3, "training.optimizer": "rmsprop"},
    "deep": {"network.hidden": [2, 9], "network.activation": "tanh", "training.optimizer": "adamw"},
    "normed": {
        "network.hidden": [8], "network.batch_norm": True, "network.activation": {"leaky_relu": 0.1},
        "network.loss": "sigmoid_cross_entropy", "training.optimizer": "nesterov",
    },
}  # fmt: skip


def the_team(**tables):
    """The one team of a study's chunks."""
    tables["training"] = {**TRAINING, **tables.get("training", {})}
    (team,) = plan_of(**tables).teams
    assert len(team) > 1
    return team


def assert_each_as_alone(team):
    """Every number of every member after the training: parameters, state, optimizer, loss, divergence.

    Gives the members, trained together.
    """
    with numerics("float64") as dtype:
        together = trained(team, dtype)
        for chunk, found in zip(team, together, strict=True):
            (alone,) = trained([chunk], dtype)
            jax.tree.map(assert_same, found, alone)
    return together


def trained(chunks, dtype):
    """The members of each chunk after the last step."""
    who = tuple(member_inputs(chunk, dtype) for chunk in chunks)
    team = JointTraining([stack_of(chunk, dtype) for chunk in chunks])
    data = to_device(team.program, who[0], dtype)
    return jax.jit(team.advance)(jax.jit(team.start)(who), who, data, jnp.int32(team.program.steps)).members


def assert_same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=SAME, atol=SAME)


def test_networks_of_any_structure_train_as_they_would_alone():
    team = the_team(vary={"variant": VARIANTS, "training.l2": [0.0, 0.1], "seed": [3, 8]})
    assert [chunk.members for chunk in team] == [4] * 3
    assert_each_as_alone(team)


@pytest.mark.parametrize(
    "tables",
    [{"data": {"train": 32}}, {"training": {"shared_order": True}}, {"training": {"batch_size": "whole"}}],
    ids=["a last batch of two", "an order for all seeds", "the whole split"],
)
def test_they_do_so_however_batches_are_taken(tables):
    vary = {"network.hidden": [[2], [7]], "training.l2": [0.0, 0.1], "seed": [3, 8]}
    assert_each_as_alone(the_team(**tables, vary=vary))


def test_a_member_that_diverges_disturbs_nobody():
    rates = {"training.learning_rate": [0.05, 1e38], "network.hidden": [[3], [5]], "seed": [3]}
    together = assert_each_as_alone(the_team(vary=rates))
    diverged = [members.diverged_step[0].tolist() for members in together]
    assert all(fine == -1 and broken >= 0 for fine, broken in diverged)


def test_images_are_laid_out_for_the_wide_product():
    assert_each_as_alone(the_team(dataset=images(), vary={"network.hidden": [[2], [5]], "seed": [1]}))


def test_what_is_recorded_is_what_each_chunk_records_alone():
    record = {"points": 1, "health": True}
    team = the_team(vary={"network.hidden": [[2], [6]], "seed": [4, 9]}, record=record)
    alone, together = train_chunk(team[1]), train_team(team)[1]
    assert together.chunk is team[1]
    for kind in ("weights", "curves", "finals"):
        expected, found = getattr(alone, kind), getattr(together, kind)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=SAME, err_msg=name)
    np.testing.assert_array_equal(together.rates, alone.rates)
    assert together.weights["affine_1.W"].shape == (1, 2, 5, 6)  # its own width, nothing padded


def test_a_study_of_widths_is_trained_and_told_as_any_other():
    told = []

    class Follower(NullListener):
        # fmt: off
        def planned(self, plan): told.append(len(plan.teams))
        def chunk_started(self, chunk): told.append(("started", chunk.index))
        def on_steps(self, chunk, steps, values): steps and told.append((chunk.index, steps))
        def chunk_finished(self, chunk, seconds, seconds_compile): told.append(("finished", chunk.index))
        # fmt: on

    study = small_study(training={"steps": 1}, vary={"network.hidden": [[2], [6]], "seed": [4]})
    result = run(study, dataset=blobs(), check=False, watcher=Follower())
    assert result["finished"].all()
    assert result["train_loss"].notnull().all()
    assert told == [1, ("started", 0), ("started", 1), (0, 1), (1, 1), ("finished", 0), ("finished", 1)]


class Interrupted(NullListener):
    """Presses Ctrl-C when the first chunk of a team was kept and the others were not yet."""

    def chunk_finished(self, chunk, seconds, seconds_compile):
        raise KeyboardInterrupt


def test_a_team_that_was_kept_in_part_is_trained_again_as_a_whole(tmp_path):
    study = small_study(vary={"network.hidden": [[2], [6]], "seed": [4]})
    options = {"dataset": blobs(), "check": False}
    stopped = run(study, tmp_path / "run", watcher=Interrupted(), **options)
    assert stopped["finished"].values.tolist() == [[True], [False]]
    resumed = run(study, tmp_path / "run", resume=True, **options)
    assert resumed["finished"].all()
    xr.testing.assert_equal(resumed, run(study, **options))


# Who trains together


def sizes(**tables):
    """The number of chunks of each team."""
    return [len(team) for team in plan_of(**tables).teams]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"vary": {"network.hidden": [[4], [5], [4, 4]]}}, [3]),
        ({"vary": {"network.hidden": [[4], [5]], "training.batch_size": [10, 20]}}, [2, 2]),
        ({"vary": {"network.hidden": [[4], [5]], "training.steps": [3, 6]}}, [2, 2]),
        ({"vary": {"network.hidden": [[4], [5]], "data.train": [30, 40]}}, [2, 2]),
        ({"vary": {"network.hidden": [[4], [5]], "training.precision": ["float32", "float64"]}}, [2, 2]),
        ({"vary": {"network.hidden": [[4], [900]]}}, [1, 1]),  # the wide one fills the processor by itself
        ({"vary": {"network.hidden": [[4], [5]]}, "network": {"input_dropout": 0.1}}, [1, 1]),
        ({"vary": {"network.layers": [["batch_norm", {"dense": 3}], ["batch_norm", {"dense": 4}]]},
          "network": {"hidden": None}}, [1, 1]),
    ],
)  # fmt: skip
def test_chunks_train_together_where_their_batches_are_the_same(tables, expected):
    assert sizes(**tables) == expected


def test_a_last_batch_that_batch_norm_merges_keeps_networks_apart():
    vary = {"network.batch_norm": [False, True]}
    assert sizes(vary=vary) == [2]
    assert sizes(data={"train": 31}, vary=vary) == [1, 1]


def test_every_chunk_is_in_one_team_that_fits_into_memory():
    plan = plan_of(
        vary={"network.hidden": [[w] for w in range(320, 400, 10)], "seed": 2},
        memory=MEMORY,
    )
    assert sorted(chunk.index for team in plan.teams for chunk in team) == list(range(8))
    assert 1 < len(plan.teams) < 8
    assert all(team_bytes(team) <= MEMORY for team in plan.teams)
    assert plan.describe()["teams"] == [[chunk.index for chunk in team] for team in plan.teams]
