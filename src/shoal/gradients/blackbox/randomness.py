"""Functions that draw from global random generators: seeded alike before each call, the states put back."""

from __future__ import annotations

import random
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SEED = 20_240_501


@dataclass(eq=False)
class Seeds:
    """While `active`, `sow` seeds NumPy's legacy generator, Python's, and PyTorch's if it is loaded already.

    What the user's generators held before comes back when the context ends.
    """

    active: bool = False
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Seeds:
        self._stack.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.active = False
        self._stack.__exit__(*exception)

    def activate(self) -> None:
        """Seed before every call from now on."""
        self._stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        self._stack.callback(random.setstate, random.getstate())
        if (torch := sys.modules.get("torch")) is not None:
            used = torch.cuda.is_available() and torch.cuda.is_initialized()
            self._stack.enter_context(torch.random.fork_rng(range(torch.cuda.device_count()) if used else []))
        self.active = True

    def sow(self) -> None:
        if not self.active:
            return
        np.random.seed(SEED)  # noqa: NPY002
        random.seed(SEED)
        if (torch := sys.modules.get("torch")) is not None:
            torch.random.manual_seed(SEED)
