"""scipy.optimize.check_grad: a forward difference by every parameter, and one norm of all errors."""

from __future__ import annotations

import numpy as np
from scipy.optimize import check_grad

from .problem import Problem


def norm(problem: Problem, most: float, relative: bool) -> tuple[bool, None]:
    """Whether the norm is above `most`, or above `most` times the gradient's own norm."""
    sizes = []

    def gradient(vector: np.ndarray) -> np.ndarray:
        came = np.concatenate([g.ravel() for g in problem.gradients(problem.unflatten(vector))])
        sizes.append(float(np.linalg.norm(came)))
        return came

    error = check_grad(lambda v: problem.cost(problem.unflatten(v)), gradient, problem.flat())
    return not error <= (most * sizes[0] if relative else most), None
