"""What was measured, as tables on the terminal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

MOST_BUSY = 0.1  # beyond it a library that splits every product over all cores waits for cores it has not


def show(found: dict[str, Any], console: Console) -> None:
    """All tables of one run."""
    console.print(_machine(found))
    busy = statistics.median(found["others_share"])
    if busy > MOST_BUSY:
        console.print(f"[bold red]Not to be quoted: other processes took {busy:.0%} of the cores.[/]")
    console.print(_contenders(found["rows"]))
    console.print(_processes(found["processes"]))
    console.print(_reach(found))
    if found["gpu"]:
        console.print(_gpu(found["gpu"]))


def _machine(found: dict[str, Any]) -> str:
    rates = {name: statistics.median(values) / 1e9 for name, values in found["rates_flops"].items()}
    others = statistics.median(found["others_share"])
    return (
        f"{found['machine']}; data: {found['data']}; {found['rounds']} rounds\n"
        "float32 matrix products, GFLOP/s: "
        + ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items())
        + f"; of all cores, other processes took {others:.0%}"
    )


def _contenders(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="CIFAR-10, MLP 3072-50-50-10, batch 100: seconds per network-epoch (450 steps)")
    table.add_column("batch norm")
    table.add_column("trained by")
    for name in ("median", "least", "most", "x PyTorch", "x Shoal solo", "of the floor"):
        table.add_column(name, justify="right")
    for before, row in zip([None, *rows], rows, strict=False):
        if before and before["batch_norm"] != row["batch_norm"]:
            table.add_section()
        seconds = row["seconds"]
        table.add_row(
            "with" if row["batch_norm"] else "without",
            row["name"],
            *(f"{value:.3f}" for value in (statistics.median(seconds), min(seconds), max(seconds))),
            f"{row['times_pytorch']:.2f}",
            f"{row['times_solo']:.2f}",
            f"{row['share_of_floor']:.0%}",
        )
    return table


def _processes(found: dict[str, float]) -> Table:
    table = Table(title="Processes")
    table.add_column("measured")
    table.add_column("value", justify="right")
    table.add_row("peak memory of a 50-member run", f"{found['peak_bytes_50_members'] / 2**30:.2f} GiB")
    for name in ("cold", "cached"):
        compiling = found[f"compile_seconds_nine_layers_{name}"]
        table.add_row(f"compilation, nine layers with batch norm, {name}", f"{compiling:.2f} s")
    for key, text in (
        ("seconds_shoal_help", "shoal --help"),
        ("seconds_import_shoal", "python -c 'import shoal'"),
        ("seconds_python", "python -c pass"),
    ):
        table.add_row(text, f"{found[key]:.3f} s")
    return table


def _reach(found: dict[str, Any]) -> Table:
    table = Table(title="What Shoal reaches for")
    for name in ("aim", "wanted", "measured", ""):
        table.add_column(name, justify="right" if name in ("wanted", "measured") else "left")
    for aim in found["reach"]:
        table.add_row(aim["aim"], aim["wanted"], aim["measured"], "yes" if aim["reached"] else "NO")
    return table


def _gpu(found: dict[str, Any]) -> Table:
    rate = statistics.median(found["rate_flops"]) / 1e12
    table = Table(title=f"{found['device']}: {found['precision']} matrix products at {rate:.1f} TFLOP/s")
    table.add_column("batch norm")
    table.add_column("trained by")
    for name in ("members", "s per epoch of all", "s per network-epoch", "of the rate"):
        table.add_column(name, justify="right")
    for row in found["rows"]:
        table.add_row(
            "with" if row["batch_norm"] else "without",
            row["name"],
            str(row["members"]),
            f"{row['seconds_epoch']:.3f}",
            f"{statistics.median(row['seconds']):.6f}",
            f"{row['share_of_rate']:.1%}",
        )
    return table
