"""What a stored result holds: the contract between whoever writes results.nc and whoever reads it.

A dimension for each factor, with its levels as coordinate; `seed`, `step`, and where they were measured
`layer`, `quantile`. Optional parts are whole or not there: `whole_parts` leaves out what is neither.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import BaseModel, Field, JsonValue, TypeAdapter

from shoal.errors import RunError
from shoal.results.schema import FACTORS, MOST_LARGE, Schema, Variable, mistakes
from shoal.text import printable

Whole = Annotated[int, Field(ge=0, lt=2**53)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=1e12)]


class Data(BaseModel):
    """What the attribute `data` says of one data set."""

    name: str = ""
    counts: dict[str, Whole] = {}
    classes: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    commonest_class: dict[str, Share] = {}


class CheckedBlock(BaseModel):
    """A parameter in the record of the gradient check."""

    layer: str
    parameter: str
    shape: list[Whole] | None = None
    worst_index: list[Whole] | None = None
    verdict: str


class CheckedNetwork(BaseModel):
    """A network in that record."""

    network: str
    seed: int
    ok: bool
    blocks: list[CheckedBlock]


class Features(BaseModel):
    """Whose first layer an entry of `feature_trained` is."""

    cell: dict[str, str]
    seed: int
    layer: str
    convolution: bool
    scaling: str
    components: Whole | None
    shape: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=4, max_length=4)]
    units: Annotated[list[Whole], Field(min_length=1)]


class Kept(BaseModel):
    """A number of components that some cell keeps."""

    components: Annotated[int, Field(ge=1, lt=2**31)]
    variance_kept: Annotated[float, Field(ge=0, le=1.001)]


class Basis(BaseModel):
    """An entry of `pca_components`."""

    data: str
    scaling: str
    kept: Annotated[list[Kept], Field(min_length=1)]


class Measured(BaseModel):
    """How health was measured."""

    examples: Whole


LAYER_MEASURES = {  # their long names and units
    "activation_mean": ("mean of the layer's outputs", "1"),
    "activation_deviation": ("standard deviation of the layer's outputs", "1"),
    "activation_quantile": ("quantiles of the layer's outputs", "1"),
    "gradient_mean": ("mean of the loss's derivatives by the layer's weights", "nat"),
    "gradient_deviation": ("standard deviation of the loss's derivatives by the layer's weights", "nat"),
    "gradient_quantile": ("quantiles of the loss's derivatives by the layer's weights", "nat"),
    "gradient_norm": ("norm of the loss's derivatives by the layer's weights", "nat"),
    "weight_norm": ("norm of the layer's weights", "1"),
    "update_ratio": ("norm of the next update of the layer's weights over theirs", "1"),
    "dead_fraction": ("units that are zero on the whole probe set", "1"),
    "saturated_fraction": ("outputs whose slope is below 5 % of its largest", "1"),
    "gamma_quantile": ("quantiles of batch norm's gamma", "1"),
    "beta_quantile": ("quantiles of batch norm's beta", "1"),
    "running_mean_quantile": ("quantiles of batch norm's running means", "1"),
    "running_variance_quantile": ("quantiles of batch norm's running variances", "1"),
    "running_mean_lag": ("running means from the probe's, in its standard deviations, root mean square", "1"),
    "running_deviation_lag": ("log of running over the probe's deviations, root mean square", "1"),
}
_MEMBER, _CURVE = (FACTORS, "seed"), (FACTORS, "seed", "step")
_LAYER = (*_CURVE, "layer")
_PICTURE = ("feature_cell", "feature_unit", "feature_row", "feature_column", "feature_channel")
_LOSS = Variable(_CURVE, "f", gaps=True, infinite=True)
_ACCURACY = Variable(_CURVE, "f", least=0, most=1, gaps=True)
_COUNT = Variable(_MEMBER, "iuf", gaps=True)

VARIABLES = {
    "seed": Variable(("seed",), "iu", required=True),
    "step": Variable(("step",), "iu", required=True, least=0, rising=True),
    "finished": Variable(_MEMBER, "b", required=True),
    "diverged": Variable(_MEMBER, "b", required=True),
    "diverged_step": Variable(_MEMBER, "iu", required=True, least=-1),
    "learning_rate": Variable((FACTORS, "step"), "f", least=0, gaps=True),
    "epoch": Variable((FACTORS, "step"), "f", least=0, gaps=True),
    "rung": Variable((FACTORS,), "iu", least=0),
    **{f"{part}_{measure}": _LOSS for part in ("train", "validation") for measure in ("cost", "loss")},
    "train_loss": replace(_LOSS, required=True),
    **{f"{part}_accuracy": _ACCURACY for part in ("train", "validation")},
    "test_cost": replace(_LOSS, dims=_MEMBER),
    "test_loss": replace(_LOSS, dims=_MEMBER),
    "test_accuracy": replace(_ACCURACY, dims=_MEMBER),
    "prediction_span": Variable(_MEMBER, "f", least=0, gaps=True, infinite=True),
    "collapsed": Variable(_MEMBER, "b"),
    "iterations": _COUNT,
    "evaluations": _COUNT,
    "hessian_products": _COUNT,
    "optimizer_status": _COUNT,
    "final_cost": replace(_LOSS, dims=_MEMBER),
    "optimizer_message": Variable(_MEMBER, "U"),
    "converged": Variable(_MEMBER, "b"),
    "layer": Variable(("layer",), "U"),
    "quantile": Variable(("quantile",), "f", least=0, most=1, rising=True),
    **{
        name: Variable(
            (*_LAYER, "quantile") if name.endswith("_quantile") else _LAYER, "f", gaps=True, infinite=True
        )
        for name in LAYER_MEASURES
    },
    "class": Variable(("class",), "U"),
    "predicted": Variable(("predicted",), "U"),
    "confusion": Variable(("class", "predicted"), "iu", least=0),
    "feature_trained": Variable(_PICTURE, "f", gaps=True),
    "feature_untrained": Variable(_PICTURE, "f", gaps=True),
    "mistake_index": Variable(("mistake",), "iu", least=0),
    "mistake_probability": Variable(("mistake",), "f", least=0, most=1),
    "mistake_true": Variable(("mistake",), "U"),
    "mistake_predicted": Variable(("mistake",), "U"),
    "mistake_image": Variable(("mistake", "image_row", "image_column", "image_channel"), "iuf"),
    "explained_variance_ratio": Variable(("pca_basis", "pca_component"), "f", least=0, most=1.001, gaps=True),
    "pca_components": Variable(("pca_basis", "pca_kept", "pca_feature"), "f", gaps=True),
    "pca_mean": Variable(("pca_basis", "pca_feature"), "f", gaps=True),
    "pca_offset": Variable(("pca_basis", "pca_feature"), "f", gaps=True),
    "pca_scale": Variable(("pca_basis", "pca_feature"), "f", gaps=True),
}
RESULT = Schema(
    VARIABLES,
    {
        **dict.fromkeys(("question", "study", "shoal_version", "device"), str),
        "status": Literal["complete", "interrupted"],
        "seconds_total": Seconds,
        "seconds_compile": Seconds,
        "train_examples_recorded": Whole,
        "mistake_seed": int,
    },
    {
        "data": Data | list[Data],
        "versions": dict[str, str],
        "plan": JsonValue,
        "notes": list[str],
        "parameters": list[Whole],
        "gradient_check": list[CheckedNetwork],
        "health": Measured,
        "best_cell": dict[str, str],
        "feature_cells": list[Features],
        "pca_bases": list[Basis],
    },
    frozenset({"study", "status", "seconds_total", "seconds_compile"}),
)
PARTS = (  # each is of use whole: if one of these is missing the others are too
    ("class", "predicted", "confusion"),
    ("feature_cells", "feature_trained", "feature_untrained"),
    ("mistake_probability", "mistake_true", "mistake_predicted", "mistake_image"),
    ("pca_bases", "explained_variance_ratio"),
)


def factors_of(dataset: xr.Dataset) -> tuple[str, ...]:
    """The dimensions that the study varied: those of `finished` but for the seed."""
    return tuple(str(dim) for dim in dataset.variables["finished"].dims if dim != "seed")


def check_result(dataset: xr.Dataset, path: Path) -> xr.Dataset:
    """The same labelled array. Raises RunError where it does not hold what a result must; `path` is what
    messages call it."""
    if "finished" not in dataset.variables:
        refuse(path, ["'finished' is missing"])
    factors = factors_of(dataset)
    wrong = [*_factor_mistakes(dataset, factors), *mistakes(dataset, RESULT, factors)]
    refuse(path, wrong or _part_mistakes(dataset))
    return dataset


def refuse(path: Path, wrong: list[str]) -> None:
    """Raises RunError where anything is wrong."""
    if wrong:
        raise RunError(
            f"{path} does not hold what a run writes: {'; '.join(wrong)}.",
            "Restore it from a copy, or run the study again in a new folder.",
        )


def whole_parts(dataset: xr.Dataset) -> xr.Dataset:
    """The result without optional parts of which something is missing."""
    there = {*map(str, dataset.variables), *dataset.attrs}
    broken = {name for part in PARTS if not there.issuperset(part) for name in part}
    for name in LAYER_MEASURES:
        needed = {"layer", "quantile"} if name.endswith("_quantile") else {"layer"}
        if not needed <= there:
            broken.add(name)
    return dataset.drop_vars(broken - {"class"}, errors="ignore")  # which says how many there are


def _factor_mistakes(dataset: xr.Dataset, factors: tuple[str, ...]) -> list[str]:
    found = [
        f"the dimension {printable(repr(str(d)), 60)} is empty" for d, n in dataset.sizes.items() if not n
    ]
    for name in factors:
        shown = printable(repr(name), 60)
        if name in dataset.variables and dataset.variables[name].dims != (name,):
            found.append(f"the factor {shown} has the name of something else")
        elif name not in dataset.coords:
            found.append(f"the levels of {shown} are missing")
        elif wrong := _level_mistake(dataset[name]):
            found.append(f"the levels of {shown} {wrong}")
    return found


def _level_mistake(levels: xr.DataArray) -> str:
    values = levels.values
    if values.dtype.kind not in "biufU":
        return f"are {values.dtype}; expected numbers, text, or true and false"
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (abs(values) <= MOST_LARGE).all()):
        return "are no finite numbers"
    if len(np.unique(values)) < len(values):
        return "are not all different"
    scale = levels.attrs.get("scale", "category")
    if scale not in ("log", "linear", "category") or (scale != "category" and values.dtype.kind not in "iuf"):
        return "have a scale other than log, linear or category, or one that is not for them"
    if scale == "log" and values.min() <= 0:
        return "are not all above 0, as their log scale needs"
    if not all(isinstance(levels.attrs.get(name, ""), str) for name in ("path", "long_name")):
        return "have a name that is no text"
    return ""


def _part_mistakes(dataset: xr.Dataset) -> list[str]:
    """What does not fit together in optional parts, each of which is right by itself."""
    found = []
    if "feature_trained" in dataset and "feature_cells" in dataset.attrs:
        found += _feature_mistakes(dataset)
    if "explained_variance_ratio" in dataset and "pca_bases" in dataset.attrs:
        bases = TypeAdapter(list[Basis]).validate_json(dataset.attrs["pca_bases"])
        if len(bases) != dataset.sizes["pca_basis"]:
            found.append(f"'pca_bases' describes {len(bases)} of {dataset.sizes['pca_basis']} bases")
    if "mistake_image" in dataset:
        ends = [dataset["mistake_image"].attrs.get(name) for name in ("low", "high")]
        if not all(isinstance(end, float | int | np.number) and np.isfinite(end) for end in ends):
            found.append("'mistake_image' has no finite 'low' and 'high'")
    return found


def _feature_mistakes(dataset: xr.Dataset) -> list[str]:
    every = TypeAdapter(list[Features]).validate_json(dataset.attrs["feature_cells"])
    cells, units, *sizes = dataset["feature_trained"].shape
    if len(every) != cells:
        return [f"'feature_cells' describes {len(every)} of {cells} cells"]
    if any(len(one.units) > units or any(np.greater(one.shape[1:], sizes)) for one in every):
        return ["'feature_cells' describes more than 'feature_trained' holds"]
    return []
