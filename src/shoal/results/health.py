"""The health of all members in a result: by layer and recorded step, under names that analysis looks for."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from shoal.population.plan import Plan
from shoal.population.train import ChunkResult
from shoal.results.result_schema import LAYER_MEASURES
from shoal.training.health import measured_layers


def add_health(dataset: xr.Dataset, plan: Plan, results: Sequence[ChunkResult]) -> xr.Dataset:
    """The result with what `[record] health` measured, (factors..., seed, step, layer[, quantile]).

    Layers stand in the order of the networks; NaN where a member has no such layer or measure.
    """
    wanted = plan.study.base.record.probe
    measures = [name for name in LAYER_MEASURES if any(name in result.curves for result in results)]
    if wanted is None or not measures:
        return dataset
    layers = merged_names([measured_layers(program.network()) for program in plan.programs])
    quantile = list(wanted.quantiles)
    full = (*plan.study.shape, len(plan.study.seeds), dataset.sizes["step"], len(layers))
    dims = (*(factor.name for factor in plan.study.factors), "seed", "step", "layer")
    for name in measures:
        last = ("quantile",) if name.endswith("_quantile") else ()
        values = np.full((*full, len(quantile)) if last else full, np.nan, np.float32)
        for result in results:
            if name in result.curves:
                _fill(values, name, result, plan, dataset["step"].values, layers)
        long, units = LAYER_MEASURES[name]
        dataset[name] = ((*dims, *last), values, {"long_name": long, "units": units})
    counts = [min(wanted.examples, program.inputs.train_count) for program in plan.programs]
    return dataset.assign_coords(
        layer=("layer", np.array(layers, dtype=object), {"long_name": "layer", "units": "1"}),
        quantile=("quantile", np.array(quantile), {"long_name": "probability", "units": "1"}),
    ).assign_attrs(health=json.dumps({"examples": max(counts)}))


def _fill(
    values: np.ndarray,
    name: str,
    result: ChunkResult,
    plan: Plan,
    steps: np.ndarray,
    layers: Sequence[str],
) -> None:
    program, measured = result.chunk.program, result.curves[name]
    at_steps = np.searchsorted(steps, program.record)
    at_layers = np.array([layers.index(layer) for layer in measured_layers(program.network())])
    for i, position in enumerate(result.chunk.cells):
        cell = values[program.cells[position].index]
        for j, seed in enumerate(result.chunk.seeds):
            member = cell[plan.study.seeds.index(seed)]
            member[at_steps[:, None], at_layers] = np.moveaxis(measured[i, j], -1, 0)


def merged_names(chains: Sequence[Sequence[str]]) -> list[str]:
    """The layers of all chains, each once: a name that is new goes right behind its predecessor.

    Chains may disagree; layers of one kind are in the order of their numbers all the same.
    """
    merged: list[str] = []
    for chain in chains:
        at = 0
        for name in chain:
            if name not in merged:
                merged.insert(at, name)
            at = merged.index(name) + 1
    by_number = {kind: iter(sorted(own, key=_number)) for kind, own in _by_kind(merged).items()}
    return [next(by_number[_kind(name)]) for name in merged]


def _by_kind(names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_kind(name), []).append(name)
    return found


def _kind(name: str) -> str:
    return name.rpartition("_")[0] or name


def _number(name: str) -> int:
    return int(name.rpartition("_")[2])
