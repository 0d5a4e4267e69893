"""How figures look: one palette, one type size, set for the drawing alone and nowhere else."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe & Ito (2008), Color Universal Design: told apart with any colour vision. Yellow is too pale on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = (
    "-",
    (0, (5, 1.5)),
    (0, (1.5, 1.2)),
    (0, (5, 1.5, 1.5, 1.5)),
    (0, (8, 2)),
    (0, (3, 1.2, 1, 1.2, 1, 1.2)),
)
MARKERS = ("o", "s", "^", "D", "v", "P")
INK = "#24292f"
MUTED = "#6e7781"
FAINT = "#c4cad0"
GRID = "#e9ecef"
SEQUENTIAL = "cividis"  # even in lightness, and readable with any colour vision
SHARES = "Blues"

PANEL = (4.0, 2.85)  # inches: about the width of a phone, so that type stays its size there
_RC: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.7,
    "path.simplify": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "shoal",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}


@contextmanager
def drawing() -> Iterator[None]:
    """The settings of every figure, whatever the user's own are; theirs return at the end.

    Text stays text in the page, so a letter that matplotlib's font lacks is no loss: the reader's has it.
    """
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield


def panel(width: float = PANEL[0], height: float = PANEL[1], layout: str = "none") -> tuple[Figure, Axes]:
    """A figure with one set of axes, without pyplot's global state.

    Unless another layout is asked for ("constrained", for images and colour bars), `fit` has the last word.
    """
    figure = Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]
    return figure, figure.add_subplot()


def panels(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Axes one above the other that share their x axis."""
    figure = Figure(figsize=(width, height), layout="constrained")  # type: ignore[arg-type]
    return figure, list(figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0])


def fit(figure: Figure) -> None:
    """Let the axes fill the figure beside their labels: half the work of matplotlib's layout engine."""
    if figure.get_layout_engine() is not None:
        return
    renderer = FigureCanvasAgg(figure).get_renderer()
    (axes,) = figure.axes
    taken, inside = axes.get_tightbbox(renderer), axes.get_window_extent(renderer)
    assert taken is not None
    width, height = figure.bbox.size
    pad = 0.04 * figure.dpi
    left, bottom = inside.x0 - taken.x0 + pad, inside.y0 - taken.y0 + pad
    right, top = taken.x1 - inside.x1 + pad, taken.y1 - inside.y1 + pad
    inner = (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
    axes.set_position((inner[0], inner[1], max(inner[2], 0.2), max(inner[3], 0.2)))


def colour(index: int) -> str:
    return PALETTE[index % len(PALETTE)]


def dash(index: int) -> str:
    """A line's dashes as SVG writes them; "" for a whole line."""
    style = DASHES[index % len(DASHES)]
    return "" if isinstance(style, str) else ",".join(str(2 * part) for part in style[1])
