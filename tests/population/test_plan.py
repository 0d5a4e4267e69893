"""How a study's members fall into programs, and programs into chunks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.data.inputs import Loader
from shoal.errors import DataError, DeviceError, StudyError
from shoal.population.memory import chunk_bytes
from shoal.population.plan import make_plan
from shoal.training.schedules import register_scale
from small_studies import blobs, plan_of, small_study

LOADER = Loader(dataset=blobs())


def programs_of(**tables) -> list[tuple[int, tuple[str, ...]]]:
    """For each program of a study the number of its cells and what is traced in it."""
    return [(len(program.cells), program.traced) for program in plan_of(**tables).programs]


def test_cells_that_differ_in_numbers_alone_share_one_program():
    assert programs_of(
        network={"initial": {"normal": 0.1}},
        training={
            "steps": 8,
            "learning_rate": None,
            "optimizer": {"kind": "momentum"},
            "schedule": {"kind": "triangular", "min": 0, "max": 1, "half_cycle": 2},
        },
        vary={
            "training.l2": [0, 1e-3],
            "network.initial.normal": [0.1, 1.0],
            "network.dropout": [0.0, 0.5],
            "training.optimizer.momentum": [0.5, 0.9],
            "training.schedule.max": [0.1, 0.2],
            "training.schedule.half_cycle": [2, 4],
        },
    ) == [
        (
            64,
            (
                "network.dropout",
                "network.initial.normal",
                "training.optimizer.momentum",
                "training.schedule.max",
                "training.schedule.half_cycle",
                "training.l2",
            ),
        )
    ]


@pytest.mark.parametrize(
    ("path", "levels"),
    [
        ("network.hidden", [[4], [5], [4, 4]]),
        ("network.batch_norm", [False, True, {"position": "after"}]),
        ("network.activation", ["relu", "tanh", {"leaky_relu": 0.1}]),
        ("network.initial", ["he_normal", "glorot_normal", {"normal": 0.1}]),
        ("network.loss", ["softmax_cross_entropy", "squared_error", "sigmoid_cross_entropy"]),
        ("training.batch_size", [10, 20, "whole"]),
        ("training.optimizer", ["sgd", "adam", {"kind": "adam", "beta1": 0.9}]),
        ("training.steps", [3, 4, 5]),
        ("training.precision", ["float32", "float64"]),
        ("data.train", [30, 31, 32]),
        ("data.split_seed", [0, 1]),
        ("data.standardize", ["none", "feature"]),
    ],
)
def test_cells_that_differ_in_shape_or_code_have_a_program_each(path, levels):
    assert programs_of(vary={path: levels}) == [(1, ())] * len(levels)


def test_traced_and_structural_factors_cross():
    found = programs_of(vary={"training.l2": [0, 1, 2], "network.batch_norm": [False, True]})
    assert found == [(3, ("training.l2",))] * 2


def test_tables_of_one_kind_share_a_program_where_only_numbers_differ():
    schedules = [{"kind": "triangular", "min": 0, "max": m, "half_cycle": 3} for m in (0.1, 0.2)]
    schedules.append({"kind": "triangular2", "min": 0, "max": 0.1, "half_cycle": 3})
    found = programs_of(training={"learning_rate": None}, vary={"training.schedule": schedules})
    assert found == [(2, ("training.schedule.max",)), (1, ())]


def test_the_length_of_a_cycle_is_traced_unless_it_gives_the_length_of_the_training():
    schedule = {"kind": "triangular", "min": 0, "max": 1, "half_cycle": 2}
    vary = {"training.schedule.half_cycle": [2, 3]}
    by_steps = {"learning_rate": None, "schedule": schedule}
    assert programs_of(training=by_steps, vary=vary) == [(2, ("training.schedule.half_cycle",))]
    by_cycles = plan_of(training={**by_steps, "steps": None, "cycles": 3}, vary=vary)
    assert [program.steps for program in by_cycles.programs] == [12, 18]


@pytest.mark.parametrize(
    ("length", "steps"), [({"steps": 7}, 7), ({"steps": None, "epochs": 3}, 12)], ids=["steps", "epochs"]
)
def test_the_length_is_given_in_steps_or_epochs(length, steps):
    (program,) = plan_of(training=length).programs
    assert program.steps == steps


def test_curves_are_recorded_at_even_points_or_at_given_steps_and_always_first_and_last():
    even = plan_of(training={"steps": 100}, record={"points": 4}).programs[0]
    assert even.record == (0, 25, 50, 75, 100)
    given = plan_of(training={"steps": 100}, record={"points": None, "steps": [7, 3, 500]}).programs[0]
    assert given.record == (0, 3, 7, 100)
    assert plan_of(training={"steps": 2}, record={"points": 9}).programs[0].record == (0, 1, 2)


def test_the_work_of_a_step_is_that_of_its_matrix_products():
    (program,) = plan_of().programs  # 5 features, 4 units, 3 classes, batches of 10
    assert program.parameters == 5 * 4 + 4 + 4 * 3 + 3
    assert program.flops_per_step == 10 * (4 * 5 * 4 + 6 * 4 * 3)
    assert plan_of().flops == 2 * 6 * program.flops_per_step
    assert plan_of().network_steps == 12


def test_a_plan_describes_itself_in_plain_values():
    assert plan_of(vary={"training.l2": [0, 1], "seed": [4, 5]}).describe() == {
        "members": 4,
        "programs": 1,
        "chunks": [{"program": 0, "cells": 2, "seeds": [4, 5]}],
        "teams": [[0]],
        "steps": [6],
        "parameters": [39],
    }


@given(
    cells=st.tuples(st.integers(1, 7), st.integers(1, 2)),
    seeds=st.integers(1, 9),
    mebibytes=st.floats(20, 80),
    widest=st.integers(1, 40),
)
def test_chunks_cover_every_member_once_and_fit(cells, seeds, mebibytes, widest):
    study = small_study(
        network={"hidden": [200]},
        training={"batch_size": 40},
        vary={
            "training.l2": [i / 8 for i in range(cells[0])],
            "network.batch_norm": [False, True][: cells[1]],
            "seed": seeds,
        },
    )
    memory = mebibytes * 2**20
    plan = make_plan(study, LOADER.inputs, memory, widest)
    members = [
        (chunk.program.cells[cell].index, seed)
        for chunk in plan.chunks
        for cell in chunk.cells
        for seed in chunk.seeds
    ]
    assert len(members) == math.prod(cells) * seeds == len(set(members))
    assert [chunk.index for chunk in plan.chunks] == list(range(len(plan.chunks)))
    for chunk in plan.chunks:
        assert chunk.members <= widest
        assert chunk.bytes == chunk_bytes(chunk.program, len(chunk.cells), len(chunk.seeds))
        assert chunk.bytes <= memory or chunk.members == 1


def test_a_chunk_holds_no_more_than_the_memory_it_is_given():
    wide = {"network": {"hidden": [400, 400]}, "vary": {"training.l2": [i / 8 for i in range(8)], "seed": 2}}
    assert [chunk.members for chunk in plan_of(memory=2**30, **wide).chunks] == [16]
    narrow = plan_of(memory=40 * 2**20, **wide).chunks
    assert [(chunk.cells, chunk.seeds) for chunk in narrow] == [
        (cells, (seed,)) for cells in ((0, 1, 2, 3), (4, 5, 6, 7)) for seed in (0, 1)
    ]


# What cannot be planned


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(
        StudyError, match=r"^training.batch_size is 41, but the training split has 40 examples"
    ):
        plan_of(training={"batch_size": 41})


@pytest.mark.parametrize(
    ("vary", "kind", "sentence"),
    [
        ({"training.batch_size": [10, 41]}, StudyError, r"cell \(batch_size=41\): training.batch_size is 41"),
        ({"data.train": [40, 400]}, DataError, r"cell \(train=400\): blobs: .*train 400"),
        ({"network.layers": [[{"dense": 3}], ["batch_norm", "relu"]], "training.batch_size": [1]},
         StudyError, r"cell \(layers=batch_norm-relu, batch_size=1\): .*at least two examples"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_built_is_named(vary, kind, sentence):
    network = {"hidden": None} if "network.layers" in vary else {}
    with pytest.raises(kind, match=sentence):
        plan_of(network=network, vary=vary)


@pytest.mark.parametrize(
    "length",
    [
        {"steps": None, "epochs": 2**31 - 1},
        {"cycles": 1, "half_cycle": 0.1},
        {"cycles": 9, "half_cycle": 1e38},
    ],
    ids=str,
)
def test_a_training_of_no_or_of_too_many_steps_is_refused(length):
    if "half_cycle" in length:
        schedule = {"kind": "triangular", "min": 0, "max": 1, "half_cycle": length["half_cycle"]}
        length = {"steps": None, "learning_rate": None, "cycles": length["cycles"], "schedule": schedule}
    with pytest.raises(StudyError, match=r"steps; expected 1 to 2,147,483,647"):
        plan_of(training=length)


def test_a_scale_that_was_not_registered_is_refused_and_a_registered_one_is_taken(monkeypatch):
    monkeypatch.setattr("shoal.training.schedules._SCALES", {})
    schedule = {"kind": "cyclical", "min": 0, "max": 1, "half_cycle": 3, "scale": "mine"}
    training = {"learning_rate": None, "schedule": schedule}
    with pytest.raises(StudyError, match=r"scale is 'mine'; registered: none"):
        plan_of(training=training)
    register_scale("mine", lambda cycle, step: 1 / cycle)
    assert plan_of(training=training).programs


def test_a_network_larger_than_the_machine_is_refused_before_anything_runs():
    with pytest.raises(
        DeviceError, match=r"cell \(hidden=1000000000\) takes about .* GiB to train; the device has"
    ):
        plan_of(vary={"network.hidden": [[4], [10**9]]})


def test_a_full_batch_optimizer_may_stop_early_so_its_steps_are_at_most():
    counts = plan_of(
        training={
            "optimizer": "cg",
            "steps": None,
            "batch_size": None,
            "learning_rate": None,
            "iterations": 3,
        }
    ).counts
    assert counts.endswith("network-steps at most, an evaluation counted as one")
    assert plan_of(training={"steps": 8}).counts.endswith("network-steps")
