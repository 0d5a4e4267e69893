"""What a result keeps of principal components: directions, what they were learned behind, variance."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from shoal.study.inputs import Inputs
from shoal.study.padded import stack_padded
from shoal.study.plan import Plan

_LONG = {
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
    bases: dict[int, list[Inputs]] = {}
    for program in plan.programs:
        inputs = program.inputs
        if isinstance(inputs, Inputs) and inputs.pca is not None:
            bases.setdefault(id(inputs.origin), []).append(inputs)
    if not bases:
        return dataset
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in _LONG}
    for every in bases.values():
        pca = max((one.pca for one in every if one.pca), key=lambda one: len(one.components))
        arrays["explained_variance_ratio"].append(pca.ratios)
        arrays["pca_components"].append(pca.components)
        arrays["pca_mean"].append(pca.mean)
        arrays["pca_offset"].append(pca.scaling.offset.ravel())
        arrays["pca_scale"].append(pca.scaling.scale.ravel())
    for name, values in arrays.items():
        attributes = {"long_name": _LONG[name], "units": "1"}
        dataset[name] = (("pca_basis", *_DIMS.get(name, ("pca_feature",))), stack_padded(values), attributes)
    dataset.attrs["pca_bases"] = json.dumps([_described(every) for every in bases.values()])
    return dataset


def _described(every: list[Inputs]) -> dict[str, object]:
    origin = every[0].origin or every[0]
    kept = {one.pca.describe()["components"]: one.pca.describe() for one in every if one.pca}
    return {
        "data": origin.dataset.name,
        "scaling": origin.scaling.kind,
        "shape": list(origin.shape),
        "kept": [kept[count] for count in sorted(kept)],
    }
