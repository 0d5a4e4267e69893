"""The end of a run in the terminal: the best cells as a table, and the answer in plain words."""

from __future__ import annotations

import xarray as xr
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from shoal.analysis import Row
from shoal.analysis.regression import is_regression
from shoal.analysis.search import search_path
from shoal.report.health import health_lines
from shoal.report.numbers import clean, mean_and_half
from shoal.report.search import sentences as search_sentences
from shoal.report.summary import Summary, measure_order, remarks, summarize
from shoal.report.words import answer

TOP = 10
_HEADINGS = {"validation_accuracy": "validation %", "test_accuracy": "test %", "train_accuracy": "training %"}


def summary_table(dataset: xr.Dataset, top: int = TOP) -> Table:
    """The `top` best cells: levels, mean ± half of the 95 % interval of each accuracy, seeds, remarks."""
    return _table(summarize(dataset), top)


def sentences(dataset: xr.Dataset) -> list[str]:
    """The answer in plain words, one sentence a line."""
    return answer(summarize(dataset))


def print_summary(
    dataset: xr.Dataset, console: Console | None = None, top: int = TOP, search: xr.Dataset | None = None
) -> None:
    """Print the table, the sentences, and what the rules of health found; of a search, its path as well."""
    console = console or Console()
    if search is not None:
        for sentence in search_sentences(search_path(search)):
            console.print(Text(sentence))
    if is_regression(dataset):
        from shoal.report.plain import print_plain, regression_page

        print_plain(regression_page(dataset), console)
        return
    summary = summarize(dataset)
    table = _table(summary, top)
    if Measurement.get(console, console.options.update(max_width=1000), table).maximum > console.width:
        table = _table(summary, top, training=False)  # it can be spared on a narrow terminal
    console.print(table)
    for sentence in [*answer(summary), *health_lines(summary)]:
        console.print(Text(sentence))


def _table(summary: Summary, top: int, training: bool = True) -> Table:
    more = len(summary.rows) - top
    caption = f"{more} more {'cell' if more == 1 else 'cells'} in the report" if more > 0 else None
    table = Table(
        title=Text(_title(summary), style="bold"),
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", justify="right")
    for factor in summary.factors:
        justify = "right" if factor.numeric else "left"
        table.add_column(Text(clean(factor.label)), justify=justify, no_wrap=factor.numeric, overflow="fold")
    measures = measure_order(summary)
    if not training and measures[0] != "train_accuracy":
        measures.remove("train_accuracy")
    for name in measures:
        table.add_column(_HEADINGS[name], justify="right", no_wrap=True)
    table.add_column("n", justify="right")
    table.add_column("")
    for row in summary.rows[:top]:
        table.add_row(*_cells(summary, row, measures), style="bold" if row.best else "")
    return table


def _cells(summary: Summary, row: Row, measures: list[str]) -> list[Text]:
    texts = ["" if row.rank is None or len(summary.rows) == 1 else str(row.rank)]
    texts += [summary.level_text(factor, row.levels[factor.name]) for factor in summary.factors]
    texts += [mean_and_half(row.measures[name]) for name in measures]
    texts += [str(row.measures[summary.metric].n), ", ".join(remarks(summary, row))]
    return [Text(text) for text in texts]


def _title(summary: Summary) -> str:
    question = clean(str(summary.dataset.attrs.get("question", ""))).strip()
    return f"{question} (interrupted)".strip() if summary.interrupted else question
