"""jax.test_util.check_grads on a custom_vjp whose two sides call the NumPy code back."""

from __future__ import annotations

from typing import Any

import jax
import jax.test_util
import numpy as np

from .problem import Problem


def check_grads(problem: Problem, **settings: Any) -> tuple[bool, None]:
    """Whether it complains. It compares along one random direction of all parameters at once."""
    with jax.enable_x64(True):
        like = [jax.ShapeDtypeStruct(a.shape, np.float64) for a in problem.arrays]
        number = jax.ShapeDtypeStruct((), np.float64)

        def forward(*arrays: Any) -> Any:
            return jax.pure_callback(lambda *a: np.float64(problem.cost(a)), number, *arrays)

        def backward(arrays: Any, dy: Any) -> Any:
            found = jax.pure_callback(lambda *a: problem.gradients(a), like, *arrays)
            return tuple(dy * g for g in found)

        cost = jax.custom_vjp(forward)
        cost.defvjp(lambda *arrays: (forward(*arrays), arrays), backward)
        inputs = tuple(jax.numpy.asarray(a) for a in problem.arrays)
        try:
            jax.test_util.check_grads(cost, inputs, order=1, modes=("rev",), **settings)
        except AssertionError:
            return True, None
        finally:
            jax.clear_caches()  # every case compiles its own callbacks: hundreds of them fill the memory
    return False, None
