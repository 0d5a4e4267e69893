"""Pictures: a table's rows as strips beside the reported figures, and figures of a study's own report."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, PercentFormatter

from shoal.report.figures import Group, draw_group
from shoal.report.figures.axes import limits
from shoal.report.numbers import short_number
from shoal.report.style import INK, MUTED, PALETTE, drawing, fit, panel
from shoal.report.summary import summarize
from shoal.report.svg import Drawing, Key, prefixed, to_drawing
from shoal.reproduce.compare import Compared, ComparedTable
from shoal.reproduce.evidence import ReproductionData
from shoal.reproduce.model import Chosen, Picture
from shoal.reproduce.text import UNITS

OURS, ALIKE, REPORTED = PALETTE[0], "#b7d4e8", PALETTE[1]
WIDTH, ROW, FRAME = 7.2, 0.25, 0.75  # inches
MOST_DOTS = 50
Pictures = dict[tuple[str, str], list[Group]]  # by report and part
KEYS = (
    Key("reported, one run", REPORTED, marker="D"),
    Key("ours: mean, 95 % interval, each seed", OURS),
    Key("where one more run of ours would be", ALIKE),
)


def strip_chart(table: ComparedTable, name: str, label: str = "") -> Drawing | None:
    """The table's rows as strips on one axis, `label` written on it; None where there is nothing to see."""
    if not _worth(table):
        return None
    with drawing():
        figure = _figure(table, label)
        described = "; ".join(f"{row.row.name}: {row.word}" for row in table.rows if row.word)
        return to_drawing(figure, name, table.table.title, described)


def png(table: ComparedTable, label: str = "") -> bytes | None:
    """The same as a PNG."""
    if not _worth(table):
        return None
    with drawing():
        figure = _figure(table, label)
        fit(figure)
        figure.set_dpi(150)
        buffer = io.BytesIO()
        FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def draw_pictures(parts: Sequence[Chosen], evidence: ReproductionData) -> Pictures:
    """Every picture that the parts ask for and whose study was run."""
    tried = {
        (report.number, name): [
            _picture(evidence, one, f"p{report.number}-{name}-{i}") for i, one in enumerate(part.picture)
        ]
        for report, name, part in parts
    }
    return {key: [group for group in groups if group is not None] for key, groups in tried.items()}


def _picture(evidence: ReproductionData, picture: Picture, name: str) -> Group | None:
    """The group of figures of a study's own report that the picture asks for, under its title."""
    if picture.study not in evidence.results:
        return None
    group = draw_group(summarize(evidence.results[picture.study]), picture.group)
    if group is None:
        return None
    drawings = tuple(prefixed(drawn, name) for drawn in group.drawings)
    return replace(group, name=name, heading=picture.title, drawings=drawings, folded=False)


def _worth(table: ComparedTable) -> bool:
    """Whether some row was run and depends on chance."""
    return any(row.mean and row.row.tolerance is None for row in table.rows)


def _figure(table: ComparedTable, label: str) -> Figure:
    rows = [row for row in table.rows if row.mean]
    figure, axes = panel(WIDTH, FRAME + ROW * len(rows))
    for place, row in enumerate(rows):
        _strip(axes, place, row)
    _axis(axes, table, rows)
    axes.set_yticks(range(len(rows)), [row.row.name for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    if label:
        axes.set_title(label, loc="left", fontsize=8, color=MUTED)
    return figure


def _strip(axes: Axes, place: int, row: Compared) -> None:
    mean, single = row.mean, row.single
    assert mean is not None
    if single is not None and single.known:
        axes.barh(place, single.high - single.low, left=single.low, height=0.72, color=ALIKE, linewidth=0)
    if mean.known:
        axes.plot([mean.low, mean.high], [place, place], color=OURS, linewidth=2.4, solid_capstyle="butt")
    if len(row.values) <= MOST_DOTS:
        axes.plot(row.values, np.full(len(row.values), place), ".", color=OURS, markersize=3.5, alpha=0.6)
    axes.plot(mean.mean, place, "|", color=OURS, markersize=11, markeredgewidth=2)
    if row.row.reported is not None:
        axes.plot(
            row.row.reported, place, "D", color=REPORTED, markersize=5, markeredgecolor="white", zorder=5
        )


def _axis(axes: Axes, table: ComparedTable, rows: Sequence[Compared]) -> None:
    """Limits that hold means, seeds and reported figures, and of the intervals as much as is sensible."""
    unit, log = table.table.unit, table.table.scale == "log"
    shown = [
        v for row in rows for v in (row.row.reported, row.mean.mean if row.mean else None) if v is not None
    ]
    shown += [float(v) for row in rows if len(row.values) <= MOST_DOTS for v in row.values]
    ends = [v for row in rows if row.single and row.single.known for v in (row.single.low, row.single.high)]
    values, reach = np.array(shown, float), np.array(ends, float)
    values, reach = values[np.isfinite(values)], reach[np.isfinite(reach)]
    share = unit in ("accuracy", "share")
    if log:
        values, reach = values[values > 0], reach[reach > 0]
        low, high = limits(np.log10(values), np.log10(reach))
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=8))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(10**low, 10**high)
    elif share:
        axes.set_xlim(*limits(values, reach, floor=0.0, ceiling=1.0, least=0.01))
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    else:
        axes.set_xlim(*limits(values, reach))
    words = table.table.title.split(" by ")[0].split(",")[0]
    written = f"{words} ({UNITS[unit]})" if UNITS[unit] else words
    axes.set_xlabel(written, color=INK)
