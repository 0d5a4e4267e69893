"""The complex step: f'(x) = Im f(x + i h) / h, exact to the last digits for analytic code.

Nothing is subtracted, so h may be 1e-20. Code that takes absolute values, casts to real numbers or compares
is not analytic: every block is held against a central difference once, and left to differences if it fails.

Source: Squire and Trapp (1998), "Using complex variables to estimate derivatives of real functions".
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from array_api_compat import is_array_api_obj

from shoal.gradients.functions.parameters import to_numpy
from shoal.gradients.functions.user_functions import Loss

STEP = 1e-20
DIGITS = 64.0  # last digits that the loss's own rounding may cost


@dataclass(eq=False)
class ComplexStep:
    """Slopes of a loss by complex steps from its own point. `sizes` are those of each block's slopes."""

    loss: Loss
    sizes: dict[int, float] = field(default_factory=dict)

    def entry(self, k: int, position: int) -> tuple[float, float]:
        """The slope by one entry, with its estimated error."""
        u = np.zeros(self.loss.parameters.base[k].shape)
        u.reshape(-1)[position] = 1.0
        value, _ = self.along(k, u)
        epsilon = self.loss.parameters.epsilon
        return value, DIGITS * epsilon * max(abs(value), self.sizes.get(k, 0.0))

    def along(self, k: int, u: np.ndarray) -> tuple[float, str]:
        """The slope along u, and why there is none ("" where there is one).

        What the loss raises for complex numbers is a reason, not an error.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                value = self.loss.complex_with_block(k, self.loss.parameters.base[k] + 1j * STEP * u)
        except np.exceptions.ComplexWarning:
            return np.nan, "it casts complex numbers to real ones"
        except Exception as problem:
            return np.nan, f"it raises {type(problem).__name__}: {str(problem).splitlines()[0][:90]}"
        if is_array_api_obj(value):
            value = to_numpy(value).reshape(-1)[0]
        if not isinstance(value, complex):
            return np.nan, "it returns a real number: the imaginary part is dropped on the way"
        slope = float(value.imag) / STEP
        return slope, "" if isfinite(slope) else "its imaginary part is not finite"
