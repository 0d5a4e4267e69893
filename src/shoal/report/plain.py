"""A page of sentences, one table and figures, for results that have no accuracy to rank by."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr
from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from shoal.analysis.factors import json_attribute
from shoal.report.facts import recorded_facts
from shoal.report.figures import Group
from shoal.report.numbers import clean
from shoal.report.page import template
from shoal.report.search import SearchSection
from shoal.report.table import Table as Table

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
