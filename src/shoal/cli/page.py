"""The report of a run, drawn into its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.cli.output import say

if TYPE_CHECKING:
    import xarray as xr


@contextmanager
def results_kept(folder: Path) -> Iterator[None]:
    """Around what follows a training: where it fails, for any reason, it is said where the results are."""
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            say(f"The results are kept in {folder}; only their presentation failed.", err=True)


def add_report(folder: Path, dataset: xr.Dataset, study_text: str, search: xr.Dataset | None = None) -> Path:
    """Draw report.html from a run's results, and the path of its search, into its folder; return its path."""
    from shoal.report import render
    from shoal.study.store import RunFolder

    page = render(dataset, search)
    with RunFolder(folder, study_text) as kept:
        kept.write_text("report.html", page)
    return folder / "report.html"
