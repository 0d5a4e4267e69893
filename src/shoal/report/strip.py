"""A cell's interval and seeds as a strip in its row of the table: all rows share one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shoal.analysis import Row
from shoal.report.style import MUTED, PALETTE

WIDTH, HEIGHT, MARGIN = 120, 16, 5


@dataclass(frozen=True)
class Scale:
    """The accuracies at the left and right end of every strip."""

    low: float
    high: float

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return MARGIN + (WIDTH - 2 * MARGIN) * float(np.clip(share, 0, 1))


def strip_scale(rows: Sequence[Row]) -> Scale | None:
    """From the lowest to the highest seed of all rows; None where nothing differs."""
    values = np.concatenate([row.values for row in rows]) if rows else np.array([])
    values = values[np.isfinite(values)]
    if values.size == 0 or values.max() - values.min() < 1e-9:
        return None
    return Scale(float(values.min()), float(values.max()))


def strip(row: Row, metric: str, scale: Scale) -> str:
    """SVG: a bar for the 95 % interval, a tick for the mean, a dot for each seed.

    Hidden from screen readers, which have the numbers beside it.
    """
    interval = row.measures[metric]
    colour = PALETTE[0] if row.best or row.tied else MUTED
    middle = HEIGHT / 2
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    parts = [f'<svg class="strip" {size} aria-hidden="true">']
    if interval.known:
        left, right = scale.place(interval.low), scale.place(interval.high)
        box = f'x="{left:.1f}" y="{middle - 3:g}" width="{max(right - left, 1):.1f}" height="6"'
        parts.append(f'<rect {box} fill="{colour}" opacity="0.25"/>')
    for value in np.sort(row.values[np.isfinite(row.values)]):
        parts.append(
            f'<circle cx="{scale.place(value):.1f}" cy="{middle:g}" r="1.7" fill="{colour}" opacity="0.65"/>'
        )
    if interval.n:
        at = scale.place(interval.mean)
        parts.append(f'<rect x="{at - 0.9:.1f}" y="{middle - 6:g}" width="1.8" height="12" fill="{colour}"/>')
    return "".join([*parts, "</svg>"])
