"""How a stored labelled array is held against what it must hold: names, dimensions, kinds, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from pydantic import TypeAdapter, ValidationError

from shoal.text import printable

FACTORS = "factors"  # stands for the dimensions that the study varied
MOST_LARGE = float(np.finfo(np.float32).max)  # results are kept in float32
MOST_SHOWN = 5  # mistakes in a message

_KINDS = {"b": "true or false", "iu": "whole numbers", "f": "numbers", "iuf": "numbers", "U": "text"}


@dataclass(frozen=True)
class Variable:
    """What a variable holds. `kind` is one of NumPy's letters: b, iu, f, U. Numbers lie in `least` to `most`,
    are NaN where `gaps`, and infinite where `infinite`. `rising`: each is larger than the one before."""

    dims: tuple[str, ...]
    kind: str
    required: bool = False
    least: float = -MOST_LARGE
    most: float = MOST_LARGE
    gaps: bool = False
    infinite: bool = False
    rising: bool = False


@dataclass(frozen=True)
class Schema:
    """Variables and attributes by name. An attribute's type is checked by pydantic; `json` holds those whose
    text is JSON of that type. Whatever is not named here may be there and is left alone."""

    variables: Mapping[str, Variable]
    attributes: Mapping[str, Any]
    json: Mapping[str, Any]
    required: frozenset[str]  # attributes


def mistakes(dataset: xr.Dataset, schema: Schema, factors: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with a labelled array, each as a sentence's part; the first few."""
    found = [*_attribute_mistakes(dataset, schema), *_variable_mistakes(dataset, schema, factors)]
    return found if len(found) <= MOST_SHOWN else [*found[:MOST_SHOWN], f"and {len(found) - MOST_SHOWN} more"]


def _attribute_mistakes(dataset: xr.Dataset, schema: Schema) -> Iterator[str]:
    for name in sorted(schema.required - dataset.attrs.keys()):
        yield f"the attribute {name!r} is missing"
    for types, as_json in ((schema.attributes, False), (schema.json, True)):
        for name, kind in types.items():
            if name in dataset.attrs and (wrong := _wrong(dataset.attrs[name], kind, as_json)):
                yield f"the attribute {name!r} {wrong}"


def _wrong(value: Any, kind: Any, as_json: bool) -> str:
    """What is wrong with an attribute; nothing if it is of the type."""
    value = value.item() if isinstance(value, np.generic) else value
    if as_json and not isinstance(value, str):
        return "is no text"
    try:
        adapter = TypeAdapter(kind)
        adapter.validate_json(value, strict=True) if as_json else adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = "".join(f"[{printable(repr(part), 40)}]" for part in first["loc"][-3:])
        return f"is not what a run writes: {where}{' ' if where else ''}{printable(first['msg'], 120)}"
    return ""


def _variable_mistakes(dataset: xr.Dataset, schema: Schema, factors: tuple[str, ...]) -> Iterator[str]:
    for name, wanted in schema.variables.items():
        if name in factors:  # a study may call a factor like a variable that its result does not have
            continue
        if name not in dataset.variables:
            if wanted.required:
                yield f"{name!r} is missing"
            continue
        stored = dataset.variables[name]
        dims = tuple(own for dim in wanted.dims for own in (factors if dim == FACTORS else (dim,)))
        if stored.dims != dims:
            yield f"{name!r} has the dimensions {_listed(stored.dims)}; expected {_listed(dims)}"
        elif stored.dtype.kind not in wanted.kind:
            yield f"{name!r} holds {stored.dtype}; expected {_KINDS[wanted.kind]}"
        elif stored.dtype.kind in "iuf" and (wrong := _wrong_values(stored.values, wanted)):
            yield f"{name!r} {wrong}"


def _wrong_values(values: np.ndarray, wanted: Variable) -> str:
    known = values[np.isfinite(values)]
    if (np.isnan(values).any() and not wanted.gaps) or (np.isinf(values).any() and not wanted.infinite):
        return "has values that are no finite numbers"
    if known.size and (known.min() < wanted.least or known.max() > wanted.most):
        low, high = float(known.min()), float(known.max())
        return f"has values from {low:g} to {high:g}; expected {wanted.least:g} to {wanted.most:g}"
    if wanted.rising and (values[1:] <= values[:-1]).any():
        return "has values that do not rise"
    return ""


def _listed(dims: tuple[Any, ...]) -> str:
    return printable(f"({', '.join(map(str, dims))})", 120)
