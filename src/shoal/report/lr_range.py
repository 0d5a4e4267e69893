"""The page of a learning-rate range: what it suggests in words, a table of cells, loss against rate."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG

from shoal.analysis.factors import factors, json_attribute
from shoal.analysis.lr_range import RateCurves, grid_curves, middle_cell, ramp_curves
from shoal.report.figures import Group
from shoal.report.figures.rates import BOUNDS, rate_figure
from shoal.report.numbers import MISSING, Table, clean, counted, levels_as_text, short_number
from shoal.report.plain import Page, question
from shoal.report.style import drawing, fit
from shoal.report.svg import Drawing, Key, to_drawing
from shoal.statistics.intervals import Interval

MOST_OPEN = 6
MOST_DRAWN = 24
PICTURE_WIDTH = 6.4  # inches
LOSS = {"ramp": "smoothed loss of the batches", "grid": "final loss on training data"}
COLUMNS = ("minimum", "steepest", "maximum", "seeds", "diverged")


def rate_curves(dataset: xr.Dataset) -> list[RateCurves]:
    """The curves of either kind of result, as its `lr_range` attribute says."""
    found = json_attribute(dataset, "lr_range")
    return ramp_curves(dataset) if found["mode"] == "ramp" else grid_curves(dataset, found["dimension"])


def range_page(dataset: xr.Dataset) -> Page:
    """The page of a ramp or a grid."""
    mode = json_attribute(dataset, "lr_range")["mode"]
    curves, names = rate_curves(dataset), cell_names(dataset)
    with drawing():
        drawn = [_drawing(own, names[own.cell], mode) for own in curves[:MOST_DRAWN]]
    keys = tuple(Key(f"suggested {name}, its 95 % interval shaded", colour) for name, colour in BOUNDS)
    caption = _caption(mode, len(curves))
    groups = [Group("rates", "Loss against rate", tuple(drawn[:MOST_OPEN]), keys, caption)]
    if len(drawn) > MOST_OPEN:
        more = tuple(drawn[MOST_OPEN:])
        groups.append(Group("more", f"{len(more)} more cells", more, keys, caption, folded=True))
    done, every = int(dataset["finished"].sum()), dataset["finished"].size
    banner = f"{done} of {every} networks finished; everything below is of those." if done < every else ""
    seeds = counted(dataset.sizes["seed"], "seed")
    subtitle = (
        f"{'A ramp' if mode == 'ramp' else 'A grid'} of rates · {counted(len(curves), 'cell')} × {seeds}"
    )
    title = f"Which learning rates? {question(dataset, '')}".strip()
    table = _table(dataset, curves, names, mode)
    return Page(title, subtitle, tuple(sentences(dataset)), table, tuple(groups), banner)


def sentences(dataset: xr.Dataset) -> list[str]:
    """What is suggested, by which rule, and for which cell."""
    found = json_attribute(dataset, "lr_range")
    curves, names = rate_curves(dataset), cell_names(dataset)
    best = middle_cell(curves)
    if best is None:
        return [
            "Nothing is suggested: no loss fell by a twentieth of what it was at the start. "
            "Train for longer (--steps), or look at the initial weights and the data."
        ]
    said = [f"Suggested: minimum {_rate(best.minimum)}, maximum {_rate(best.maximum)}."]
    if len(curves) > 1:
        maxima = [own.maximum.mean for own in curves if own.maximum.n]
        low, high = short_number(min(maxima), 2), short_number(max(maxima), 2)
        said.append(
            f"Those are the bounds of the cell in the middle ({names[best.cell]}); the cells' maxima go from "
            f"{low} to {high}."
        )
    if found["mode"] == "ramp":
        said.append(
            "Minimum: where the loss has made a tenth of its whole fall; maximum: where it has made nine "
            "tenths; steepest: where it falls fastest by the rate (its logarithm, on an exponential ramp)."
        )
    else:
        said.append(
            "Minimum: where the final loss is a tenth of the whole fall below the untrained one; maximum: "
            "where it is lowest."
        )
    return said


def cell_names(dataset: xr.Dataset) -> list[str]:
    """Each cell in words, but for the rate."""
    found = json_attribute(dataset, "lr_range")
    kept = [factor for factor in factors(dataset) if factor.name != found.get("dimension")]
    names = [""]
    for factor in kept:
        texts = levels_as_text(factor.levels)
        label = clean(factor.label)
        names = [f"{name}, {label} {text}".strip(", ") for name in names for text in texts]
    return [name or "the network" for name in names]


def pictures(dataset: xr.Dataset) -> dict[str, bytes]:
    """The suggested cell's figure as lr-range.svg and lr-range.png."""
    mode = json_attribute(dataset, "lr_range")["mode"]
    curves = rate_curves(dataset)
    shown = middle_cell(curves) or curves[0]
    with drawing():
        figure = rate_figure(shown, LOSS[mode], PICTURE_WIDTH, dots=mode == "grid")
        fit(figure)
        svg, png = io.BytesIO(), io.BytesIO()
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None})
        figure.set_dpi(160)
        FigureCanvasAgg(figure).print_png(png)
    return {"lr-range.svg": svg.getvalue(), "lr-range.png": png.getvalue()}


def as_json(dataset: xr.Dataset) -> dict[str, Any]:
    """The suggestions of every cell for machines; null where nothing is suggested."""
    names, curves = cell_names(dataset), rate_curves(dataset)
    best = middle_cell(curves)
    return {
        **json_attribute(dataset, "lr_range"),
        "status": dataset.attrs["status"],
        "suggested": None if best is None else _record(best, names),
        "cells": [_record(own, names) for own in curves],
    }


def _record(own: RateCurves, names: list[str]) -> dict[str, Any]:
    def interval(found: Interval) -> dict[str, Any]:
        values = {"mean": found.mean, "low": found.low, "high": found.high}
        return {**{k: v if v == v else None for k, v in values.items()}, "seeds": found.n}  # NaN is no JSON

    bounds = {name: interval(getattr(own, name)) for name in ("minimum", "steepest", "maximum")}
    return {"cell": names[own.cell], **bounds}


def _drawing(own: RateCurves, name: str, mode: str) -> Drawing:
    figure = rate_figure(own, LOSS[mode], dots=mode == "grid")
    said = f"{name}: minimum {_rate(own.minimum)}, maximum {_rate(own.maximum)}"
    return to_drawing(figure, f"rates-{own.cell}", name, f"{LOSS[mode]} against rate, {said}.")


def _table(dataset: xr.Dataset, curves: list[RateCurves], names: list[str], mode: str) -> Table:
    axes = [
        dim for dim in dataset["diverged"].dims if dim == json_attribute(dataset, "lr_range").get("dimension")
    ]
    diverged = dataset["diverged"].any(axes) if axes else dataset["diverged"]
    counts = diverged.sum("seed").values.ravel()
    rows = tuple(
        (
            names[own.cell],
            _rate(own.minimum),
            short_number(own.steepest.mean, 2) if own.steepest.n else MISSING,
            _rate(own.maximum),
            f"{own.maximum.n} of {len(own.suggestions)}",
            str(int(counts[own.cell])),
        )
        for own in curves
    )
    caption = (
        "Geometric means over seeds with 95 % t intervals of the logarithm; seeds: those whose loss fell by "
        "a twentieth or more; diverged: "
    )
    caption += "before the ramp's end." if mode == "ramp" else "at any rate."
    heads = ("cell", *COLUMNS)
    return Table("Cells" if len(curves) > 1 else "The network", heads, (False, *(True,) * 5), rows, caption)


def _rate(found: Interval) -> str:
    if not found.n:
        return MISSING
    digits: Callable[[float], str] = lambda value: short_number(value, 2)  # noqa: E731
    return (
        f"{digits(found.mean)} ({digits(found.low)} to {digits(found.high)})"
        if found.known
        else digits(found.mean)
    )


def _caption(mode: str, cells: int) -> str:
    text = (
        "Thin lines: seeds, as far as they came before they diverged. Thick line and band: their mean with "
        "its 95 % interval, as long as all are there. Dotted: the loss at the start."
    )
    if mode == "grid":
        text = "Each rate is a training of its own. " + text
    return text if cells <= MOST_DRAWN else f"{text} The first {MOST_DRAWN} of {cells} cells are drawn."
