"""A data set where the device can read it."""

from __future__ import annotations

from typing import NamedTuple

from shoal.training.measure import Scale, Split


class Data(NamedTuple):
    """The splits on the device, and their scale. `curve` is the part of `train` that is measured.

    Points that are drawn for each seed have a row for each in front: inputs (rows, n, 1), labels (rows, n).
    """

    train: Split
    curve: Split
    validation: Split | None
    test: Split | None
    scale: Scale
