"""What a result keeps of images: principal components, first-layer weights, the worst mistakes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from shoal.data.inputs import PreparedData
from shoal.population.first_layer import first_map, image_shape, weight_pictures
from shoal.population.plan import Plan
from shoal.population.program import Program
from shoal.population.train import ChunkResult
from shoal.results.arrays import stack_padded
from shoal.study.settings.levels import level_label
from shoal.study.settings.study import Cell
from shoal.training.randomness import initial_noise, seed_key
from shoal.training.runtime import numerics

_COMPONENT_LONG = {
    "explained_variance_ratio": "share of the training examples' variance in each principal component",
    "pca_components": "principal components, orthonormal rows",
    "pca_mean": "mean of the standardized training examples",
    "pca_offset": "subtracted from each input before anything else",
    "pca_scale": "multiplied to each input after the offset is taken off",
}
_DIMS = {"explained_variance_ratio": ("pca_component",), "pca_components": ("pca_kept", "pca_feature")}


def add_components(dataset: xr.Dataset, plan: Plan) -> xr.Dataset:
    """The result with a basis for each standardization and split that components were learned behind.

    z = ((x - pca_offset) * pca_scale - pca_mean) @ pca_components.T, cut to the number of components that a
    cell keeps: fewer components are the first of more. `pca_bases` (JSON) says which numbers are kept.
    """
    bases: dict[int, list[PreparedData]] = {}
    for program in plan.programs:
        inputs = program.inputs
        if isinstance(inputs, PreparedData) and inputs.pca is not None:
            bases.setdefault(id(inputs.origin), []).append(inputs)
    if not bases:
        return dataset
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in _COMPONENT_LONG}
    for every in bases.values():
        pca = max((one.pca for one in every if one.pca), key=lambda one: len(one.components))
        arrays["explained_variance_ratio"].append(pca.ratios)
        arrays["pca_components"].append(pca.components)
        arrays["pca_mean"].append(pca.mean)
        arrays["pca_offset"].append(pca.scaling.offset.ravel())
        arrays["pca_scale"].append(pca.scaling.scale.ravel())
    for name, values in arrays.items():
        attributes = {"long_name": _COMPONENT_LONG[name], "units": "1"}
        dataset[name] = (("pca_basis", *_DIMS.get(name, ("pca_feature",))), stack_padded(values), attributes)
    dataset.attrs["pca_bases"] = json.dumps([_described(every) for every in bases.values()])
    return dataset


def _described(every: list[PreparedData]) -> dict[str, object]:
    origin = every[0].origin or every[0]
    kept = {one.pca.describe()["components"]: one.pca.describe() for one in every if one.pca}
    return {
        "data": origin.dataset.name,
        "scaling": origin.scaling.kind,
        "shape": list(origin.shape),
        "kept": [kept[count] for count in sorted(kept)],
    }


MOST_CELLS = 4
MOST_UNITS = 36
_PICTURE = ("feature_cell", "feature_unit", "feature_row", "feature_column", "feature_channel")
_LONG = {
    "feature_trained": "first-layer weights as changes of the image, after training",
    "feature_untrained": "the same units before training",
}


def add_features(dataset: xr.Dataset, results: Sequence[ChunkResult], scores: xr.DataArray) -> xr.Dataset:
    """The result with first-layer weights as pictures, of the best cell, the worst and ranks between.

    `feature_trained` and `feature_untrained` (feature_cell, feature_unit, rows, columns, channels) hold the
    units of largest weights of one seed, NaN where a cell has fewer or smaller ones; `feature_cells` (JSON)
    says whose they are.
    """
    diverged = dataset["diverged"].isel(seed=0).values
    members = [_member(results, index) for index in _ranked(scores) if not diverged[index]]
    found = [member for member in members if member is not None]
    if not found:
        return dataset
    places = sorted({round(place) for place in np.linspace(0, len(found) - 1, MOST_CELLS)})
    after, before, about = zip(*(_pictured(*found[place]) for place in places), strict=True)
    for name, every in (("feature_trained", after), ("feature_untrained", before)):
        attributes = {"long_name": _LONG[name], "units": "1"}
        dataset[name] = (_PICTURE, stack_padded(every), attributes)
    dataset.attrs["feature_cells"] = json.dumps(about)
    return dataset


def add_mistakes(dataset: xr.Dataset, result: ChunkResult, i: int) -> xr.Dataset:
    """The result with the test examples that the i-th cell's first network gets most confidently wrong."""
    inputs = result.chunk.program.inputs
    if "mistake_index" not in result.finals or not isinstance(inputs, PreparedData):
        return dataset
    index = result.finals["mistake_index"][i, 0]
    known = index >= 0
    index, test = index[known], (inputs.origin or inputs).splits.test
    if not len(index) or test is None:
        return dataset
    names = np.array(inputs.dataset.classes, dtype=object)
    values = {
        "mistake_index": (index, "place in the test split, from 0"),
        "mistake_probability": (result.finals["mistake_probability"][i, 0][known], "of the named class"),
        "mistake_true": (names[test.labels[index]], "true class"),
        "mistake_predicted": (names[result.finals["mistake_predicted"][i, 0][known]], "named class"),
    }
    for name, (value, long) in values.items():
        dataset[name] = ("mistake", value, {"long_name": long, "units": "1"})
    dims = ("mistake", "image_row", "image_column", "image_channel")
    reach = {"low": float(test.inputs.min()), "high": float(test.inputs.max())}
    dataset["mistake_image"] = (dims, test.inputs[index], {"long_name": "the example", **reach})
    dataset.attrs["mistake_seed"] = int(result.chunk.seeds[0])
    return dataset


def untrained(program: Program, cell: Cell, seed: int) -> dict[str, dict[str, Any]]:
    """The weights that a member starts from, by layer and parameter."""
    if program.given.weights is not None:
        return program.given.weights
    with numerics(cell.settings.training.precision) as dtype:
        network = program.network(cell.settings)
        noise = initial_noise(network, seed_key(jnp.uint32(seed)), dtype)
        return jax.device_get(network.initialize(noise))


def _ranked(scores: xr.DataArray) -> list[tuple[int, ...]]:
    """Cells that are finished, the best first."""
    flat = scores.values.ravel()
    order = [int(k) for k in np.argsort(-flat, kind="stable") if np.isfinite(flat[k])]
    return [tuple(int(p) for p in np.unravel_index(k, scores.shape)) if scores.shape else () for k in order]


def _member(results: Sequence[ChunkResult], index: tuple[int, ...]) -> tuple[ChunkResult, Cell] | None:
    """The chunk with a cell's first seed, where its first layer can be drawn."""
    for result in results:
        program = result.chunk.program
        for position in result.chunk.cells:
            cell = program.cells[position]
            if cell.index == index and program.seeds[0] in result.chunk.seeds:
                drawn = image_shape(program.inputs) and first_map(program.network(cell.settings))
                return (result, cell) if drawn else None
    return None


def _pictured(result: ChunkResult, cell: Cell) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """A member's pictures after and before training, largest first, and what they are."""
    program = result.chunk.program
    inputs, seed, first = program.inputs, program.seeds[0], first_map(program.network(cell.settings))
    assert first is not None
    assert isinstance(inputs, PreparedData)
    at = result.chunk.cells.index(program.cells.index(cell)), result.chunk.seeds.index(seed)
    W = result.weights[f"{first.layer}.W"][at]
    after = weight_pictures(np.asarray(W, np.float32), inputs, first.convolution)
    before = untrained(program, cell, seed)[first.layer]["W"]
    before = weight_pictures(np.asarray(before, np.float32), inputs, first.convolution)
    norms = np.sqrt(np.square(after, dtype=np.float64).sum(axis=(1, 2, 3)))
    shown = np.argsort(-norms, kind="stable")[:MOST_UNITS]
    about = {
        "cell": {path: level_label(level) for path, level in cell.levels.items()},
        "seed": seed,
        "layer": first.layer,
        "convolution": first.convolution,
        "scaling": (inputs.origin or inputs).scaling.kind,
        "components": None if inputs.pca is None else len(inputs.pca.components),
        "shape": list(after.shape),
        "units": [int(unit) for unit in shown],
    }
    return after[shown], before[shown], about
