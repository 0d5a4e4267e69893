"""The page of a regression: losses and collapsed networks, by cell."""

from __future__ import annotations

import itertools

import numpy as np
import xarray as xr

from shoal.analysis import Interval
from shoal.analysis.factors import factors, json_attribute
from shoal.analysis.regression import Fit, fits, loss_name
from shoal.report.figures import Group
from shoal.report.figures.loss_shares import draw_loss_shares
from shoal.report.numbers import MISSING, clean, counted, levels_as_text, percent, short_number
from shoal.report.plain import Page, Table, question
from shoal.report.style import drawing
from shoal.study.result_schema import whole_parts

COLUMNS = ("cell", "collapsed %", "95 % interval", "median loss", "mean loss", "diverged", "n")
CAPTION = (
    "Collapsed: the predictions on the fresh points are all the same number, to the last bit; its interval "
    "is Wilson's for a share of independent networks. Mean loss ± half of its 95 % t interval over networks."
)


def regression_page(dataset: xr.Dataset) -> Page:
    """The page of a result that has losses and no accuracy."""
    dataset = whole_parts(dataset)
    every, names = fits(dataset), _names(dataset)
    words = loss_name(dataset).replace("_", " ").replace("train ", "training ")
    with drawing():
        drawn = draw_loss_shares(every, names, words, "losses")
    groups = () if drawn is None else (Group("losses", "Losses", (drawn,)),)
    rows = tuple(_row(fit, names[fit.cell]) for fit in every)
    table = Table("Cells" if len(every) > 1 else "The network", COLUMNS, (False, *(True,) * 6), rows, CAPTION)
    done, all_of_them = int(dataset["finished"].sum()), dataset["finished"].size
    missing = f"{done:,} of {all_of_them:,} networks finished; everything is of those."
    banner = missing if done < all_of_them else ""
    data = json_attribute(dataset, "data", {})
    about = f"{clean(str(data['name']))} · " if isinstance(data, dict) and "name" in data else ""
    subtitle = f"{about}{counted(len(every), 'cell')} × {counted(dataset.sizes['seed'], 'seed')}"
    title = question(dataset, "A regression")
    return Page(
        title, subtitle, tuple(_sentence(f, names[f.cell], words) for f in every[:12]), table, groups, banner
    )


def _names(dataset: xr.Dataset) -> list[str]:
    every = [[(clean(f.label), text) for text in levels_as_text(f.levels)] for f in factors(dataset)]
    cells = itertools.product(*every)
    return [", ".join(f"{label} {text}" for label, text in cell) or "the network" for cell in cells]


def _sentence(fit: Fit, name: str, words: str) -> str:
    start = name[:1].upper() + name[1:]
    if fit.collapsed is None:
        return f"{start}: mean {words} {_mean(fit.loss)} over {counted(fit.finished, 'network')}."
    share = (
        f"{percent(fit.collapsed.mean, 1)} % of {counted(fit.finished, 'network')} collapsed to a constant"
    )
    return f"{start}: {share} (95 % interval {_ends(fit.collapsed)} %); mean {words} {_mean(fit.loss)}."


def _row(fit: Fit, name: str) -> tuple[str, ...]:
    known = fit.losses[np.isfinite(fit.losses)]
    collapsed = (
        (MISSING, MISSING)
        if fit.collapsed is None
        else (percent(fit.collapsed.mean, 1), _ends(fit.collapsed))
    )
    median = short_number(float(np.median(known)), 4) if known.size else MISSING
    return (name, *collapsed, median, _mean(fit.loss), str(fit.diverged), str(fit.finished))


def _ends(share: Interval) -> str:
    return f"{percent(share.low, 1)} to {percent(share.high, 1)}"


def _mean(loss: Interval) -> str:
    if not loss.n:
        return MISSING
    mean = short_number(loss.mean, 4)
    return f"{mean} ± {short_number(loss.half, 2)}" if loss.known else mean
