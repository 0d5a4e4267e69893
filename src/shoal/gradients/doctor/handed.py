"""What came for gradients, as numbers in the structure of the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from shoal.errors import GradientError
from shoal.gradients.networks.point import Parameters, as_parameters

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


def _of_layer(name: str, came: Any, own: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if not isinstance(came, Mapping):
        raise GradientError(
            f"The gradients of {name} came as {type(came).__name__}; "
            f"expected a dictionary of {', '.join(own)}.",
            f'Return {{"{name}": {{"{next(iter(own))}": array, ...}}, ...}}.',
        )
    return {key: np.array(came[key]) for key in own if came.get(key) is not None}
