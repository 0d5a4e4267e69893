"""The page and the table of a regression, on a result whose shares are known."""

import io

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from shoal.analysis.regression import fits
from shoal.report import print_summary, render


@pytest.fixture
def result() -> xr.Dataset:
    """Two cells of 100 networks: 95 and 10 of them collapsed; one of the second diverged."""
    collapsed = np.arange(100) < np.array([[95], [10]])
    diverged = np.zeros((2, 100), bool)
    diverged[1, 99] = True
    each = ("slope", "seed")
    loss = np.where(collapsed, 16.0, 1.0)
    return xr.Dataset(
        {
            "finished": (each, np.ones((2, 100), bool)),
            "diverged": (each, diverged),
            "diverged_step": (each, np.where(diverged, 3, -1)),
            "collapsed": (each, collapsed),
            "test_loss": (each, loss),
            "train_loss": ((*each, "step"), loss[..., None]),
        },
        coords={"slope": [0.0, 0.01], "seed": np.arange(100), "step": [0]},
        attrs={"question": "Which collapse?", "status": "complete"},
    )


def test_the_share_that_collapsed_has_wilsons_interval(result: xr.Dataset) -> None:
    first, second = fits(result)
    assert first.collapsed is not None
    assert second.collapsed is not None
    assert (first.collapsed.mean, second.collapsed.mean) == (0.95, 0.10)
    assert (first.collapsed.low, first.collapsed.high) == pytest.approx((0.8882, 0.9785), abs=1e-4)
    assert (first.diverged, second.diverged) == (0, 1)
    assert second.loss.n == 99


def test_the_page_and_the_terminal_say_it(result: xr.Dataset) -> None:
    console = Console(file=io.StringIO(), width=160)
    print_summary(result, console)
    for text in (render(result), console.file.getvalue()):  # type: ignore[attr-defined]
        assert "Which collapse?" in text
        assert "88.8 to 97.8" in text
    assert "<svg" in render(result)


def test_without_fresh_points_nothing_is_said_of_collapse(result: xr.Dataset) -> None:
    alone = result.drop_vars(["collapsed", "test_loss"])
    assert fits(alone)[0].collapsed is None
    assert "mean training loss" in render(alone)
