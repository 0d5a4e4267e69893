"""Numbers that no training gives: gradient tables, exact toy figures, a derivation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from shoal.reproduce.adapt import Mode
from shoal.reproduce.library import Chosen

Numbers = dict[str, np.ndarray]
COMPUTED: dict[str, Callable[[Mode, Path | None], Numbers]] = {}


def compute(parts: Sequence[Chosen], mode: Mode, data_dir: Path | None) -> Numbers:
    """The numbers of all parts that compute some, by name."""
    wanted = dict.fromkeys(part.compute for _, _, part in parts if part.compute)
    return {name: value for what in wanted for name, value in COMPUTED[what](mode, data_dir).items()}
