"""What came for parameters and gradients, held against the structure of the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shoal.errors import GradientError, NetworkError
from shoal.gradients.networks.point import Parameters, as_parameters
from shoal.network import Network

from .evidence import precision_of


def as_numbers(came: Any, parameters: Parameters) -> tuple[Parameters, float]:
    """Copies in float64, and the precision in which they came.

    Raises GradientError where they are no dictionaries of dictionaries, NetworkError where one is missing
    or of a wrong shape.
    """
    if not isinstance(came, Mapping):
        raise GradientError(
            f"The gradients came as {type(came).__name__}; expected the structure of the parameters.",
            "Return a dictionary of layers, each a dictionary of arrays.",
        )
    numbers = {name: _of_layer(name, came.get(name, {}), own) for name, own in parameters.items()}
    return as_parameters(numbers, parameters), precision_of(numbers)


def require_parameters(network: Network, parameters: Any) -> None:
    """Raise NetworkError, listing every misfit, where `parameters` are not those of the network."""
    wrong = []
    for name, layer, shape in network.named_layers:
        own = parameters.get(name) if isinstance(parameters, Mapping) else None
        for key, expected in layer.parameter_shapes(shape).items():
            value = own.get(key) if isinstance(own, Mapping) else None
            came = "nothing" if value is None else f"shape {np.shape(value)}"
            if value is None or np.shape(value) != expected:
                wrong.append(f"{name}.{key}: {came} came, expected shape {expected}")
    if wrong:
        raise NetworkError(
            f"The parameters do not fit the network. {'; '.join(wrong)}.",
            "Hand in {layer: {name: array}}, as `network.initialize` gives.",
        )


def _of_layer(name: str, came: Any, own: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if not isinstance(came, Mapping):
        raise GradientError(
            f"The gradients of {name} came as {type(came).__name__}; "
            f"expected a dictionary of {', '.join(own)}.",
            f'Return {{"{name}": {{"{next(iter(own))}": array, ...}}, ...}}.',
        )
    return {key: np.array(came[key]) for key in own if came.get(key) is not None}
