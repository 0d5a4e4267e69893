"""Parameters that come from elsewhere, in place of the initial weights that a network would draw."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from shoal.errors import NetworkError
from shoal.layers import Array, namespace
from shoal.network.network import ByLayer, Structure


def parameter_names(network: Structure) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter, by its name: "affine_1.W" -> (D, H)."""
    return {
        f"{name}.{key}": shape
        for name, layer, into in network.named_layers
        for key, shape in layer.parameter_shapes(into).items()
    }


def given_parameters(network: Structure, arrays: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Parameters by layer from arrays by name ("affine_1.W", "affine_1.b", ...), every one of the network's.

    Raises NetworkError that lists each missing and each unknown name, each wrong shape, and each array that
    holds something other than finite numbers.
    """
    wanted = parameter_names(network)
    mistakes = [_about(name, shape, arrays) for name, shape in wanted.items()]
    mistakes += [f"{name}: no such parameter{_near(name, wanted)}" for name in arrays if name not in wanted]
    found = [mistake for mistake in mistakes if mistake]
    if found:
        listed = "\n  ".join([f"Given weights do not fit the network ({len(found)}):", *found])
        expected = ", ".join(f"{name} {shape}" for name, shape in wanted.items())
        raise NetworkError(listed, f"Give finite arrays of just these names and shapes: {expected}.")
    parameters: dict[str, dict[str, Array]] = {}
    for name in wanted:
        layer, _, key = name.partition(".")
        parameters.setdefault(layer, {})[key] = arrays[name]
    return parameters


def by_name(parameters: ByLayer) -> dict[str, Array]:
    """Parameters by layer as arrays by name: the inverse of `given_parameters`."""
    return {f"{layer}.{key}": value for layer, own in parameters.items() for key, value in own.items()}


def _about(name: str, shape: tuple[int, ...], arrays: Mapping[str, Array]) -> str | None:
    if name not in arrays:
        return f"{name}: missing; expected shape {shape}"
    array = arrays[name]
    if tuple(array.shape) != shape:
        return f"{name}: shape {tuple(array.shape)} came; expected {shape}"
    xp = namespace(array)
    if not xp.isdtype(array.dtype, "real floating"):
        return f"{name}: {array.dtype} came; expected floating point numbers"
    return None if bool(xp.all(xp.isfinite(array))) else f"{name}: holds NaN or infinity"


def _near(name: str, wanted: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, wanted, n=1)
    return f"; did you mean {close[0]}?" if close else ""
