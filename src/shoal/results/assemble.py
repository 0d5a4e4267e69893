"""The measurements of all chunks as one labelled array: an xarray.Dataset with a dimension for each factor.

Its attributes say where it came from: study, versions, device, plan, data, time.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

from shoal.data.inputs import PreparedData, described
from shoal.population.plan import Plan
from shoal.population.train import ChunkResult
from shoal.results.arrays import coordinate_of
from shoal.results.features import add_components, add_features, add_mistakes
from shoal.results.health import add_health
from shoal.study.settings.levels import level_label
from shoal.version import __version__

_VERSIONS = ("jax", "jaxlib", "numpy", "optax", "xarray", "scipy", "scikit-learn")


def provenance(
    plan: Plan,
    results: Sequence[ChunkResult],
    seconds: float,
    interrupted: bool,
    gradient_record: list[dict[str, Any]] | None,
    device: str,
    remarks: Sequence[str] = (),
) -> dict[str, Any]:
    """The attributes of a result that `device` trained: study, versions, plan, data, timings; its notes are
    what there is to say of the data, then `remarks`."""
    study = plan.study
    inputs = [program.inputs for program in plan.programs]
    notes = sorted({note for one in inputs for note in one.describe()["notes"]})
    parameters = sorted({program.parameters for program in plan.programs})
    recorded = study.base.record.training_examples
    counts = min(one.train_count for one in inputs)
    attributes = {
        "question": study.question,
        "study": study.text,
        "shoal_version": __version__,
        "versions": json.dumps({"python": platform.python_version(), **{v: version(v) for v in _VERSIONS}}),
        "device": device,
        "plan": json.dumps(plan.describe()),
        "seconds_total": round(seconds, 3),
        "seconds_compile": round(sum(r.seconds_compile for r in results), 3),
        "status": "interrupted" if interrupted else "complete",
        "notes": json.dumps([*notes, *remarks]),
        "data": described(inputs),
        "parameters": json.dumps(parameters),
        "train_examples_recorded": counts if recorded == "all" else min(recorded, counts),
    }
    if gradient_record is not None:
        attributes["gradient_check"] = json.dumps(gradient_record)
    return attributes


_LONG = {
    "train_cost": "cost on training data (loss + L2)",
    "train_loss": "loss on training data",
    "train_accuracy": "accuracy on training data",
    "validation_cost": "cost on validation data (loss + L2)",
    "validation_loss": "loss on validation data",
    "validation_accuracy": "accuracy on validation data",
    "test_cost": "cost on test data (loss + L2)",
    "test_loss": "loss on test data",
    "test_accuracy": "accuracy on test data",
    "prediction_span": "largest minus smallest prediction on test data, as a share of the values' own span",
    "collapsed": "whether the prediction on test data is one constant, to the last bit",
}
FULL_BATCH = {  # of members trained by a full-batch optimizer; what stands where nothing is known; long name
    "iterations": (-1, "iterations of the optimizer"),
    "evaluations": (-1, "evaluations of the cost and its gradient"),
    "hessian_products": (-1, "products with the cost's Hessian (newton-cg)"),
    "final_cost": (np.nan, "cost on all training examples where the optimizer ended"),
    "optimizer_status": (-99, "SciPy's status; 99: stopped by a limit of the study or by the user"),
    "optimizer_message": ("", "why the optimizer ended, in SciPy's words"),
    "converged": (False, "whether the optimizer met its own tolerance"),
}
_LONG |= {name: long for name, (_, long) in FULL_BATCH.items()}


def assemble(plan: Plan, results: Sequence[ChunkResult], attributes: dict[str, Any]) -> xr.Dataset:
    """The Dataset of a study from the chunks that are finished; members of other chunks are NaN."""
    study = plan.study
    factors = [factor.name for factor in study.factors]
    steps = np.array(sorted({step for program in plan.programs for step in program.record}))
    where = {step: i for i, step in enumerate(steps)}
    full = (*study.shape, len(study.seeds))
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "finished": ((*factors, "seed"), np.zeros(full, bool)),
        "diverged_step": ((*factors, "seed"), np.full(full, -1, np.int32)),
        "learning_rate": ((*factors, "step"), np.full((*study.shape, len(steps)), np.nan, np.float32)),
        "epoch": ((*factors, "step"), np.full((*study.shape, len(steps)), np.nan, np.float32)),
    }

    def array(name: str, dims: tuple[str, ...], shape: tuple[int, ...]) -> np.ndarray:
        return variables.setdefault(name, (dims, np.full(shape, np.nan, np.float32)))[1]

    for result in results:
        program = result.chunk.program
        at = [where[step] for step in program.record]
        seeds = [study.seeds.index(seed) for seed in result.chunk.seeds]
        for i, position in enumerate(result.chunk.cells):
            cell = program.cells[position].index
            variables["learning_rate"][1][cell][at] = result.rates[i % len(result.rates)]
            variables["epoch"][1][cell][at] = np.array(program.record) / program.batches.per_epoch
            for j, seed in enumerate(seeds):
                member = (*cell, seed)
                variables["finished"][1][member] = result.finished
                variables["diverged_step"][1][member] = _diverged(result, i, j)
                for name, values in result.curves.items():
                    if name in _LONG:
                        array(name, (*factors, "seed", "step"), (*full, len(steps)))[member][at] = values[
                            i, j
                        ]
                for name, values in result.finals.items():
                    if name.startswith("test_") or name == "prediction_span":
                        array(name, (*factors, "seed"), full)[member] = values[i, j]
                    elif name in FULL_BATCH:
                        empty = FULL_BATCH[name][0]
                        made = np.full(full, empty, object if isinstance(empty, str) else None)
                        variables.setdefault(name, ((*factors, "seed"), made))[1][member] = values[i, j]
    variables["diverged"] = ((*factors, "seed"), variables["diverged_step"][1] >= 0)
    if "prediction_span" in variables:  # to the last bit: whoever wants a tolerance has the span
        variables["collapsed"] = ((*factors, "seed"), variables["prediction_span"][1] == 0)
    dataset = xr.Dataset(
        {name: (dims, values, _attributes(name)) for name, (dims, values) in variables.items()},
        coords={
            **{factor.name: (factor.name, *coordinate_of(factor)) for factor in study.factors},
            "seed": ("seed", np.array(study.seeds), {"long_name": "seed", "units": "1"}),
            "step": ("step", steps, {"long_name": _step_name(plan), "units": "1"}),
        },
        attrs=attributes,
    )
    dataset = add_components(add_health(dataset, plan, results), plan)
    return _with_best_cell(dataset, plan, results)


def _diverged(result: ChunkResult, i: int, j: int) -> int:
    """The first step whose loss was not finite; the last one where only the end shows it."""
    step = int(result.finals["diverged_step"][i, j])
    if step < 0 and not np.isfinite(result.curves["train_loss"][i, j, -1]):
        return result.chunk.program.steps
    return step


def _with_best_cell(dataset: xr.Dataset, plan: Plan, results: Sequence[ChunkResult]) -> xr.Dataset:
    """Adds `best_cell`, the confusion on test data of its members, summed over seeds, and what it learned."""
    scores = cell_scores(dataset)
    if scores is None or not np.isfinite(scores.values).any():
        return dataset
    place = np.unravel_index(int(np.nanargmax(scores.values)), scores.shape) if scores.shape else ()
    best = tuple(int(i) for i in place)
    levels = {f.path: level_label(f.levels[i]) for f, i in zip(plan.study.factors, best, strict=True)}
    dataset.attrs["best_cell"] = json.dumps(levels)
    own = [
        (result, i)
        for result in results
        for i, position in enumerate(result.chunk.cells)
        if result.chunk.program.cells[position].index == best and "confusion" in result.finals
    ]
    if own:
        confusion = sum(result.finals["confusion"][i].sum(axis=0) for result, i in own)
        inputs = own[0][0].chunk.program.inputs
        assert isinstance(inputs, PreparedData)  # points of a function have no confusion
        names = list(inputs.dataset.classes)
        dataset = dataset.assign_coords({"class": names, "predicted": names})
        attributes = {"long_name": "test examples of the best cell, summed over seeds", "units": "1"}
        dataset["confusion"] = (("class", "predicted"), np.asarray(confusion, np.int64), attributes)
        dataset = add_mistakes(dataset, *own[0])
    return add_features(dataset, results, scores)


def cell_scores(dataset: xr.Dataset) -> xr.DataArray | None:
    """The mean over seeds of the last recorded accuracy, by which the best cell is chosen.

    On validation data where there are any, else on training data. Cells with unfinished members are NaN;
    a diverged member counts with its last value, which is chance or worse.
    """
    name = "validation_accuracy" if "validation_accuracy" in dataset else "train_accuracy"
    if name not in dataset:
        return None
    recorded = dataset["epoch"].notnull()  # cells differ in length: the last step that each recorded
    last = (
        dataset[name]
        .where(dataset["step"] == dataset["step"].where(recorded).max("step"))
        .sum("step", skipna=True, min_count=1)
    )
    return last.mean("seed").where(dataset["finished"].all("seed"))


def _step_name(plan: Plan) -> str:
    """What a step is: an update by one batch, or an iteration of a full-batch optimizer."""
    kinds = {program.full_batch for program in plan.programs}
    both = "training step (of full-batch optimizers: iteration)"
    return both if len(kinds) > 1 else ("iteration" if True in kinds else "training step")


def _attributes(name: str) -> dict[str, str]:
    long = _LONG.get(name, name.replace("_", " "))
    units = "nat" if name.endswith(("_loss", "_cost")) else "1"
    return {"long_name": long, "units": units}
