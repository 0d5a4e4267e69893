"""What was measured of the sweep, as a table, and whether the aim is reached."""

from __future__ import annotations

import statistics
from typing import Any

from tables import MOST_BUSY

AIM = 2.5  # times PyTorch eager


def as_markdown(found: dict[str, Any]) -> str:
    """The table, and whether the aim is reached."""
    busy, floor = statistics.median(found["others_share"]), statistics.median(found["floor_seconds"])
    lines = [
        f"{found['machine']}; data: {found['data']}; {found['rounds']} rounds; matrix products alone, at the "
        f"machine's rate: {floor:.0f} s; other processes took {busy:.0%} of the cores",
        "",
        "| trained by | s for the sweep | least | most | x PyTorch | compiling, s | with it | CPU s |"
        " x PyTorch of one thread, CPU | |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for row in found["rows"]:
        s = row["seconds"]
        lines.append(
            f"| {row['name']} | {statistics.median(s):.0f} | {min(s):.0f} | {max(s):.0f} | "
            f"{row['times_pytorch']:.2f} | {row['seconds_compile']:.1f} | "
            f"{row['times_pytorch_with_compilation']:.2f} | {statistics.median(row['cpu_seconds']):.0f} | "
            f"{row['times_pytorch_cpu']:.2f} | {row['note']} |"
        )
    row = found["rows"][0]
    best, cores = row["times_pytorch"], row["times_pytorch_cpu"]
    lines += [
        "",
        f"At least {AIM} times PyTorch: {best:.2f}, {_said(best >= AIM)}. "
        f"In CPU time, against one thread: {cores:.2f}.",
    ]
    if busy > MOST_BUSY:
        lines.append(
            f"Seconds by the clock are not to be quoted: other processes took {busy:.0%} of the cores."
        )
    return "\n".join(lines)


def _said(reached: bool) -> str:
    return "reached" if reached else "NOT reached"
