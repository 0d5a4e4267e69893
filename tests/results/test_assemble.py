"""What chunks measured, as one labelled array. The chunks here are made up, so that every value is known."""

import json

import numpy as np
import pytest
import xarray as xr

from shoal.population.plan import Plan
from shoal.population.program import Chunk
from shoal.population.train import ChunkResult
from shoal.results.assemble import assemble, cell_scores
from shoal.runs.folder import RunFolder
from shoal.runs.read_write import write_results
from small_studies import blobs, plan_of

CLASSES = ["class 0", "class 1", "class 2"]


def made_up(
    chunk: Chunk, accuracy=lambda cell, seed: 0.5, splits=("train", "validation", "test")
) -> ChunkResult:
    """A chunk's result: a loss is 1000 * number of the cell + 10 * seed + number of the recorded point."""
    program = chunk.program
    cells = [program.cells[position].index for position in chunk.cells]
    numbers, seeds, points = (
        np.array([number(cell) for cell in cells]),
        np.array(chunk.seeds),
        len(program.record),
    )
    member = 1000.0 * numbers[:, None] + 10 * seeds
    right = np.array([[accuracy(cell, seed) for seed in chunk.seeds] for cell in cells])
    curves = {}
    for split in set(splits) - {"test"}:
        curves[f"{split}_loss"] = curves[f"{split}_cost"] = member[:, :, None] + np.arange(points)
        curves[f"{split}_accuracy"] = right[:, :, None] * np.linspace(0.1, 1, points)
    finals = {"diverged_step": np.full(member.shape, -1)}
    if "test" in splits:
        finals |= {"test_loss": member, "test_cost": member, "test_accuracy": right}
        finals["confusion"] = np.full((*member.shape, 3, 3), 1 + numbers[:, None, None, None])
    rates = np.array([[position / 8 + step for step in program.record] for position in chunk.cells])
    return ChunkResult(chunk, curves, finals, rates, {}, 1.0, 0.5)


def number(cell: tuple[int, ...]) -> int:
    """Cell (1, 0) is number 10."""
    return int("".join(map(str, cell)) or 0)


def result_of(plan: Plan, **options) -> xr.Dataset:
    return assemble(plan, [made_up(chunk, **options) for chunk in plan.chunks], {"status": "complete"})


GRID = {"vary": {"training.l2": [1e-3, 0.1], "network.batch_norm": [False, True], "seed": [4, 9, 0]}}


def best_at(*best):
    return lambda cell, seed: 0.9 if cell == best else 0.6


@pytest.fixture(scope="module")
def grid() -> xr.Dataset:
    return result_of(plan_of(**GRID), accuracy=best_at(1, 0))


def test_there_is_a_dimension_for_each_factor_then_seed_and_step(grid):
    assert dict(grid.sizes) == {"l2": 2, "batch_norm": 2, "seed": 3, "step": 3, "class": 3, "predicted": 3}
    by_step, at_end = ("l2", "batch_norm", "seed", "step"), ("l2", "batch_norm", "seed")
    assert {name: variable.dims for name, variable in grid.data_vars.items()} == {
        "finished": at_end,
        "diverged": at_end,
        "diverged_step": at_end,
        "learning_rate": ("l2", "batch_norm", "step"),
        "epoch": ("l2", "batch_norm", "step"),
        "train_loss": by_step,
        "train_cost": by_step,
        "train_accuracy": by_step,
        "validation_loss": by_step,
        "validation_cost": by_step,
        "validation_accuracy": by_step,
        "test_loss": at_end,
        "test_cost": at_end,
        "test_accuracy": at_end,
        "confusion": ("class", "predicted"),
    }


def test_coordinates_are_the_levels_with_their_path_and_scale(grid):
    assert grid["l2"].values.tolist() == [1e-3, 0.1]
    assert grid["l2"].attrs["path"] == "training.l2"
    assert grid["l2"].attrs["scale"] == "log"
    assert grid["batch_norm"].values.tolist() == [False, True]
    assert grid["batch_norm"].attrs["scale"] == "category"
    assert grid["seed"].values.tolist() == [4, 9, 0]
    assert grid["step"].values.tolist() == [0, 3, 6]
    assert grid["class"].values.tolist() == grid["predicted"].values.tolist() == CLASSES


@pytest.mark.parametrize(
    ("levels", "scale"),
    [([0.0, 1.0], "linear"), ([1.0, 2.0], "linear"), ([0.01, 0.1], "log"), ([1e-5, 1.0, 0.3], "log")],
)
def test_numbers_that_are_positive_and_span_a_decade_are_on_a_log_scale(levels, scale):
    assert result_of(plan_of(vary={"training.l2": levels}))["l2"].attrs["scale"] == scale


def test_levels_that_are_tables_or_names_become_labels():
    found = result_of(plan_of(vary={"network.initial": ["he_normal", {"normal": 0.5}]}))
    assert found["initial"].values.tolist() == ["he_normal", "normal 0.5"]
    assert found["initial"].attrs["scale"] == "category"


@pytest.mark.parametrize("cell", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_every_value_stands_at_its_cell_seed_and_step(grid, cell):
    for at, seed in enumerate([4, 9, 0]):
        member = grid.isel(l2=cell[0], batch_norm=cell[1], seed=at)
        first = 1000 * number(cell) + 10 * seed
        assert member["train_loss"].values.tolist() == [first, first + 1, first + 2]
        assert member["test_loss"] == first
        assert member["epoch"].values.tolist() == [0, 0.75, 1.5]  # 4 steps an epoch


def test_all_variables_say_what_they_are_and_in_which_unit(grid):
    assert all({"long_name", "units"} <= set(variable.attrs) for variable in grid.data_vars.values())
    assert all(
        {"long_name", "units"} <= set(grid[name].attrs) for name in ("l2", "batch_norm", "seed", "step")
    )
    assert grid["train_loss"].attrs == {"long_name": "loss on training data", "units": "nat"}
    assert {variable.dtype for name, variable in grid.data_vars.items() if "loss" in name} == {
        np.dtype(np.float32)
    }


def test_the_best_cell_has_the_highest_mean_of_its_last_accuracies(grid):
    assert json.loads(grid.attrs["best_cell"]) == {"training.l2": "0.1", "network.batch_norm": "false"}
    assert cell_scores(grid).values == pytest.approx(np.array([[0.6, 0.6], [0.9, 0.6]]))


def test_confusion_is_the_best_cell_s_summed_over_its_seeds(grid):
    assert grid["confusion"].values.tolist() == [[33, 33, 33]] * 3  # 11 for each of 3 seeds


def test_cells_of_other_lengths_are_nan_where_they_recorded_nothing_and_end_at_their_own_last_step():
    plan = plan_of(vary={"training.steps": [4, 8], "seed": 2})
    found = result_of(plan, accuracy=best_at(0))
    assert found["step"].values.tolist() == [0, 2, 4, 8]
    assert np.isfinite(found["train_loss"]).values[:, 0].tolist() == [[1, 1, 1, 0], [1, 0, 1, 1]]
    assert np.isfinite(found["learning_rate"]).values.tolist() == [[1, 1, 1, 0], [1, 0, 1, 1]]
    assert cell_scores(found).values == pytest.approx([0.9, 0.6])
    assert json.loads(found.attrs["best_cell"]) == {"training.steps": "4"}


def test_members_of_chunks_that_are_missing_are_nan_and_not_finished_and_never_the_best():
    plan = plan_of(**GRID)
    (second,) = [chunk for chunk in plan.chunks if chunk.program.index == 1]
    found = assemble(plan, [made_up(second, accuracy=best_at(1, 0))], {"status": "interrupted"})
    assert found["finished"].values[:, :, 0].tolist() == [[False, True], [False, True]]
    assert np.isnan(found["train_loss"].sel(batch_norm=False)).all()
    assert np.isnan(found["learning_rate"].sel(batch_norm=False)).all()
    assert not found["diverged"].any()
    assert json.loads(found.attrs["best_cell"]) == {"training.l2": "0.001", "network.batch_norm": "true"}


def test_a_cell_with_some_of_its_seeds_is_not_the_best():
    plan = plan_of(memory=1, vary={"training.l2": [0.0, 1.0], "seed": 2})
    assert [chunk.members for chunk in plan.chunks] == [1, 1, 1, 1]
    first_three = [made_up(chunk, accuracy=best_at(1)) for chunk in plan.chunks[:3]]
    found = assemble(plan, first_three, {})
    assert found["finished"].values.tolist() == [[True, True], [True, False]]
    assert json.loads(found.attrs["best_cell"]) == {"training.l2": "0"}
    assert found["confusion"].values.tolist() == [[2, 2, 2]] * 3


def test_members_that_diverged_carry_their_step():
    plan = plan_of(vary={"seed": 3})
    result = made_up(plan.chunks[0])
    result.finals["diverged_step"][0, 1] = 2
    result.curves["train_loss"][0, 2, -1] = np.inf  # only the end shows it
    found = assemble(plan, [result], {})
    assert found["diverged_step"].values.tolist() == [-1, 2, 6]
    assert found["diverged"].values.tolist() == [False, True, True]
    assert json.loads(found.attrs["best_cell"]) == {}


def test_without_validation_data_the_best_cell_is_that_of_training():
    found = result_of(plan_of(vary={"training.l2": [0, 1]}), accuracy=best_at(1), splits=("train", "test"))
    assert "validation_accuracy" not in found
    assert json.loads(found.attrs["best_cell"]) == {"training.l2": "1"}


def test_without_test_data_there_is_neither_a_test_accuracy_nor_a_confusion():
    found = result_of(plan_of(), splits=("train", "validation"))
    assert not {"test_loss", "test_accuracy", "confusion", "class"} & set(found.variables)
    assert "best_cell" in found.attrs


def test_a_study_without_factors_has_seeds_and_steps_alone():
    found = result_of(plan_of(vary={"seed": [1]}))
    assert found["train_loss"].dims == ("seed", "step")
    assert found["learning_rate"].dims == ("step",)


def test_a_rate_that_varies_keeps_its_curve_apart_from_its_levels():
    found = result_of(plan_of(vary={"training.learning_rate": [0.1, 0.2]}))
    assert found["learning_rate"].dims == ("training_learning_rate", "step")
    assert found["learning_rate"].values.tolist() == [[0, 3, 6], [0.125, 3.125, 6.125]]


@pytest.mark.parametrize(
    "vary", [GRID["vary"], {"network.initial": ["he_normal", {"normal": 0.5}]}, {"seed": [1]}], ids=str
)
def test_a_result_file_reads_back_as_it_was(tmp_path, vary):
    written = result_of(plan_of(vary=vary))
    with RunFolder(tmp_path / "run", "text") as folder:
        write_results(folder, written)
    with xr.open_dataset(tmp_path / "run" / "results.nc", engine="h5netcdf") as stored:
        xr.testing.assert_identical(stored.load(), written)


def test_a_study_over_data_sets_of_other_classes_keeps_the_confusion_of_the_best_cell_s_own():
    plan = plan_of(vary={"data.split_seed": [0, 1], "seed": 1})
    results = [made_up(chunk, accuracy=best_at(1)) for chunk in plan.chunks]
    other = blobs(classes=2)
    object.__setattr__(plan.chunks[1].program.inputs, "dataset", other)
    results[1].finals["confusion"] = np.ones((1, 1, 2, 2), np.int32)
    assert assemble(plan, results, {})["confusion"].coords["class"].values.tolist() == ["class 0", "class 1"]
