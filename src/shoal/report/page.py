"""The report: one self-contained page, without scripts or network, for a desk, a phone or paper."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from shoal.analysis.regression import is_regression
from shoal.errors import RunError
from shoal.report.facts import facts, gradient_check, notes
from shoal.report.figures import draw_figures
from shoal.report.health import sicknesses
from shoal.report.numbers import clean, counted, mean_and_half, percent
from shoal.report.search import search_section
from shoal.report.strip import strip, strip_scale
from shoal.report.summary import Summary, measure_order, remarks, summarize
from shoal.report.templates import template
from shoal.report.words import answer

OPEN_ROWS = 12
MOST_ROWS = 500
MOST_DIVERGED = 200
_HEADINGS = {"validation_accuracy": "validation", "test_accuracy": "test", "train_accuracy": "training"}


def render(dataset: xr.Dataset, search: xr.Dataset | None = None) -> str:
    """The report of a result as HTML, with the path of the search that it is the final comparison of.

    The same result gives the same bytes.
    """
    section = None if search is None else search_section(search)
    if is_regression(dataset):
        from shoal.report.plain import regression_page, render_plain

        return render_plain(replace(regression_page(dataset), search=section), dataset)
    summary = summarize(dataset)
    return template("page.html.jinja").render(
        title=_title(summary),
        summary=summary,
        search=section,
        subtitle=_subtitle(summary),
        answer=answer(summary),
        table=_table(summary),
        sicknesses=sicknesses(summary),
        groups=draw_figures(summary),
        diverged=_diverged(summary),
        check=gradient_check(summary),
        notes=notes(summary),
        study=str(dataset.attrs.get("study", "")),
        facts=facts(summary),
        version=str(dataset.attrs.get("shoal_version", "")),
    )


def write_report(dataset: xr.Dataset, path: str | os.PathLike[str], search: xr.Dataset | None = None) -> Path:
    """Write the report to a file, whole or not at all (temporary file, fsync, rename); return its path.

    Raises RunError if the folder cannot be written.
    """
    target = Path(path)
    page = render(dataset, search).encode("utf-8", errors="replace")
    part: str | None = None
    try:
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, target)
    except OSError as error:
        if part is not None:
            Path(part).unlink(missing_ok=True)
        raise RunError(
            f"The report cannot be written to {target}: {error.strerror}.",
            "Name a folder that exists and can be written.",
        ) from None
    return target


def _title(summary: Summary) -> str:
    question = clean(str(summary.dataset.attrs.get("question", ""))).strip()
    if question:
        return question
    names = [clean(factor.label) for factor in summary.factors]
    return f"What do {' and '.join(names)} change?" if names else "One network, trained"


def _subtitle(summary: Summary) -> str:
    data = summary.attribute("data", {})
    name = data.get("name") if isinstance(data, dict) else None
    cells = counted(len(summary.rows), "cell")
    parts = [clean(str(name))] if name else []
    parts.append(f"{cells} × {counted(summary.seeds, 'seed')} = {counted(summary.members[1], 'network')}")
    return " · ".join(parts)


def _table(summary: Summary) -> dict[str, Any]:
    """Headings and rows of the table of cells, as text and strips."""
    scale = strip_scale(summary.rows)
    measures = measure_order(summary)
    rows = [
        {
            "rank": "" if row.rank is None or len(summary.rows) == 1 else row.rank,
            "levels": [summary.level_text(factor, row.levels[factor.name]) for factor in summary.factors],
            "measures": [mean_and_half(row.measures[name]) for name in measures],
            "strip": "" if scale is None else strip(row, summary.metric, scale),
            "n": row.measures[summary.metric].n,
            "remarks": remarks(summary, row),
            "best": row.best and len(summary.rows) > 1,
            "tied": row.tied,
        }
        for row in summary.rows[:MOST_ROWS]
    ]
    return {
        "heading": "Cells" if len(summary.rows) > 1 else "The network",
        "factors": [(clean(factor.label), factor.numeric) for factor in summary.factors],
        "measures": [_HEADINGS[name] for name in measures],
        "scale": None if scale is None else (percent(scale.low, 1), percent(scale.high, 1)),
        "open": rows[:OPEN_ROWS],
        "folded": rows[OPEN_ROWS:],
        "left_out": max(0, len(summary.rows) - MOST_ROWS),
    }


def _diverged(summary: Summary) -> dict[str, Any]:
    """Members that diverged; the first 200 by name, and counts for each cell."""
    shown = summary.diverged[:MOST_DIVERGED]
    return {
        "count": len(summary.diverged),
        "finished": summary.members[0],
        "rows": [(summary.cell_text(cell), seed, step) for cell, seed, step in shown],
    }
