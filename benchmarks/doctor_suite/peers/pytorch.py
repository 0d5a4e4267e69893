"""torch.autograd.gradcheck on a Function whose forward and backward are the NumPy code."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch
from torch.autograd.gradcheck import GradcheckError

from .problem import Problem

WHICH = re.compile(r"with respect to input (\d+)")


def gradcheck(problem: Problem, **settings: Any) -> tuple[bool, tuple[str, str] | None]:
    """Whether it complains, and the parameter that its message names: the first that differs."""
    torch.set_num_threads(1)

    class Cost(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *arrays: Any) -> Any:
            ctx.save_for_backward(*arrays)
            return torch.tensor(problem.cost([a.numpy() for a in arrays]), dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, *dy: Any) -> Any:
            found = problem.gradients([a.detach().numpy() for a in ctx.saved_tensors])
            return tuple(dy[0] * torch.from_numpy(np.ascontiguousarray(g)) for g in found)

    inputs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in problem.arrays]
    try:
        torch.autograd.gradcheck(Cost.apply, inputs, **settings)
    except GradcheckError as error:
        named = WHICH.search(str(error))
        return True, problem.blocks[int(named[1])] if named else None
    return False, None
