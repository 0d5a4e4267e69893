"""What a format's reader returns: arrays as they were stored, not yet checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Raw:
    """Examples first: `x` (N, ...) and `y` (N,), of whatever type the file had; the same of a test part.

    `x_name` and `y_name` are what the file calls them; `notes` say what a reader of results should know.
    `sha256` is that of a whole folder, from its files' names and bytes; None for a single file.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    x_name: str = "x"
    y_name: str = "y"
    sha256: str | None = None
