"""Report 004's figures beside those of runs of its studies, as Markdown.

`python benchmarks/report_004.py RUNS ../shared/reference/reports.toml`, where RUNS holds the run folders
004-iterations, 004-depth, ... that `shoal run studies/reports/NAME.toml --out RUNS/NAME` wrote. A study that
was not run, or not to its end, is named and left out.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

import shoal
from shoal.errors import RunError

REPORT = "004_d113d5d4bcc95e56"
IMAGES = 1000  # of the validation and of the test split, here and in the report
RATES = ((1e-4, "iterations_at_1e-4"), (1e-3, "iterations_at_1e-3"))
WIDTHS = (50, 100)


def mean_and_half(values: np.ndarray) -> tuple[float, float]:
    """The mean over seeds and half of its 95 % t interval."""
    n = len(values)
    return float(values.mean()), float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))


def verdict(reported: float, values: np.ndarray) -> str:
    """Whether one more run, on 1000 other images, could have given what was reported, in 95 of 100 cases."""
    mean, half = mean_and_half(values)
    seeds = half * np.sqrt(len(values) + 1)
    images = stats.norm.ppf(0.975) * np.sqrt(2 * mean * (1 - mean) / IMAGES)
    if abs(reported - mean) <= np.hypot(seeds, images):
        return "agrees"
    return "higher" if mean > reported else "lower"


def row(name: str, reported: float | None, values: Any) -> str:
    """One line of a table: name, reported, here, verdict; in percent."""
    values = np.asarray(values, dtype=float)
    mean, half = mean_and_half(values)
    here = f"{100 * mean:.1f} ± {100 * half:.1f}"
    if reported is None:
        return f"| {name} | | {here} | |"
    return f"| {name} | {100 * reported:.1f} | {here} | {verdict(reported, values)} |"


def table(title: str, setting: str, rows: Iterable[str]) -> str:
    """A section with its rows."""
    head = f"| {setting} | reported | here | verdict |\n| --- | --- | --- | --- |"
    return "\n".join([f"## {title}\n", head, *rows, ""])


def last(results: xr.Dataset, **where: Any) -> np.ndarray:
    """Validation accuracy of each seed at its last recorded step, at positions of the factors."""
    return results.validation_accuracy.isel(**where).dropna("step").isel(step=-1).to_numpy()


def iterations(results: xr.Dataset, reported: dict[str, Any]) -> str:
    rows = []
    for at, (rate, key) in enumerate(RATES):
        for steps, accuracy in reported[key]:
            values = results.validation_accuracy.isel(schedule_rate=at).sel(step=steps)
            rows.append(row(f"{steps} steps at {rate:g}", accuracy, values))
    return table("Steps, read off one run", "steps and rate", rows)


def hidden_units(results: xr.Dataset, reported: dict[str, Any]) -> str:
    pairs = enumerate(reported["hidden_units"])
    rows = [row(f"{units}", accuracy, last(results, hidden=i)) for i, (units, accuracy) in pairs]
    return table("Hidden units", "units", rows)


def by_width(title: str, setting: str, dimension: str, key: str, text: str = "{:g}") -> Any:
    """A section of one factor, for 50 and for 100 hidden units."""

    def section(results: xr.Dataset, reported: dict[str, Any]) -> str:
        rows = [
            row(
                f"{text.format(level)}, {units} units", accuracy, last(results, **{"hidden": w, dimension: i})
            )
            for w, units in enumerate(WIDTHS)
            for i, (level, accuracy) in enumerate(reported[f"{key}_{units}_hidden"])
        ]
        return table(title, setting, rows)

    return section


def depth(results: xr.Dataset, reported: dict[str, Any]) -> str:
    rows = []
    for i, (layers, accuracy) in enumerate(reported["depth"]):
        rows.append(row(f"{layers} layers, normal 0.0001", accuracy, last(results, hidden=i, initial=0)))
        rows.append(row(f"{layers} layers, He normal", None, last(results, hidden=i, initial=1)))
    test = results.test_accuracy.isel(hidden=0, initial=0)
    rows.append(row("2 layers, normal 0.0001, test", reported["depth_test_accuracy_2_layers"], test))
    return table("Depth", "network", rows)


def best(results: xr.Dataset, reported: dict[str, Any]) -> str:
    rows = [row("test", reported["best"]["test_accuracy"], results.test_accuracy)]
    rows.append(row("validation", dict(reported["hidden_units"])[100], last(results)))
    return table("The chosen network", "split", rows)


def split(results: xr.Dataset, reported: dict[str, Any]) -> str:
    """Draws of the images in place of seeds; the spread of single runs holds both."""
    of = {
        "test": (reported["best"]["test_accuracy"], results.test_accuracy),
        "validation": (dict(reported["hidden_units"])[100], results.validation_accuracy.isel(step=-1)),
    }
    lines = ["| split | reported | mean over draws | single runs | of them at or above |", "| --- " * 5 + "|"]
    for name, (claim, values) in of.items():
        mean, half = mean_and_half(values.mean("seed").to_numpy())
        low, high = 100 * float(values.min()), 100 * float(values.max())
        above = f"{int((values >= claim).sum())} of {values.size}"
        here = f"{100 * mean:.1f} ± {100 * half:.1f} | {low:.1f} to {high:.1f}"
        lines.append(f"| {name} | {100 * claim:.1f} | {here} | {above} |")
    return "\n".join(["## The chosen network, over draws of the images\n", *lines, ""])


def pca(results: xr.Dataset, reported: dict[str, Any]) -> str:
    rows = [
        row(f"{components}, {setting}", claim["accuracy"] if components == "250" else None, values)
        for s, (setting, claim) in enumerate(zip(results.setting.to_numpy(), reported["pca"], strict=True))
        for p, components in enumerate(("none", "250", "0.95"))
        for values in [last(results, pca=p, setting=s)]
    ]
    return table("Principal components at the report's rates", "components", rows)


def pca_rate(results: xr.Dataset, reported: dict[str, Any]) -> str:
    rows = [
        row(f"{components}, rate {float(rate):g}", None, last(results, pca=p, schedule_rate=r))
        for p, components in enumerate(("none", "250", "0.95"))
        for r, rate in enumerate(results.schedule_rate.to_numpy())
    ]
    return table("Principal components, the rate tuned again", "components", rows)


SECTIONS = {
    "iterations": iterations,
    "hidden-units": hidden_units,
    "batch-size": by_width("Batch size", "batch", "batch_size", "batch_size"),
    "l2": by_width("L2", "coefficient", "l2", "l2"),
    "dropout": by_width("Dropout", "share kept", "dropout", "keep_probability"),
    "depth": depth,
    "best": best,
    "split": split,
    "pca": pca,
    "pca-rate": pca_rate,
}


def main(runs: str, reports: str) -> None:
    reported = tomllib.loads(Path(reports).read_text())["report"][REPORT]["reported"]
    missing = []
    for name, section in SECTIONS.items():
        try:
            results = shoal.open_run(Path(runs) / f"004-{name}").results
        except RunError:
            missing.append(name)
            continue
        if results.attrs["status"] != "complete":
            missing.append(name)
            continue
        print(section(results, reported))
        print(f"({results.attrs['seconds_total']:.0f} s on {results.attrs['device']})\n")
    if missing:
        print(f"Not run to the end: {', '.join(missing)}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
