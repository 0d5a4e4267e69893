"""The page of a result without accuracies to rank by, and the page of a regression."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import xarray as xr
from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from shoal.analysis.factors import factors, json_attribute
from shoal.analysis.regression import Fit, fits, loss_name
from shoal.report.facts import recorded_facts
from shoal.report.figures import Group
from shoal.report.figures.variance import draw_loss_shares
from shoal.report.numbers import MISSING, Table, clean, counted, levels_as_text, percent, short_number
from shoal.report.search import SearchSection
from shoal.report.style import drawing
from shoal.report.templates import template
from shoal.results.result_schema import whole_parts
from shoal.statistics.intervals import Interval

TOP = 12  # rows in the terminal


@dataclass(frozen=True)
class Page:
    """Everything that a plain page says."""

    title: str
    subtitle: str
    answer: tuple[str, ...]
    table: Table
    groups: tuple[Group, ...] = ()
    banner: str = ""
    search: SearchSection | None = None


def render_plain(page: Page, dataset: xr.Dataset) -> str:
    """The page as HTML, with the study and the record that the result carries."""
    return template("plain.html.jinja").render(
        page=page,
        study=str(dataset.attrs.get("study", "")),
        facts=recorded_facts(dataset.attrs, lambda name: json_attribute(dataset, name)),
        version=str(dataset.attrs.get("shoal_version", "")),
    )


def print_plain(page: Page, console: Console) -> None:
    """The table and the sentences."""
    table = RichTable(
        title=Text(page.title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for name, numeric in zip(page.table.columns, page.table.numeric, strict=True):
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in page.table.rows[:TOP]:
        table.add_row(*(Text(text) for text in row))
    console.print(table)
    if len(page.table.rows) > TOP:
        console.print(f"{len(page.table.rows) - TOP} more rows on the page", highlight=False)
    for sentence in page.answer:
        console.print(Text(sentence))


def question(dataset: xr.Dataset, otherwise: str) -> str:
    """The study's question, or other words."""
    return clean(str(dataset.attrs.get("question", ""))).strip() or otherwise


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
