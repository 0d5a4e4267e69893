"""The suite's tables on the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group
from rich.table import Table

FAILURES = 40  # shown; the JSON file has them all


def show(found: dict[str, Any], console: Console) -> None:
    """Everything about one run."""
    for summary in found["summaries"]:
        console.print(_mistakes(summary))
        if summary["confusions"]:
            console.print(_confusions(summary))
        if summary["failures"]:
            console.print(_failures(summary))
        if summary["alarms"]:
            console.print(_alarms(summary))
        console.print(_aims(summary))
    if found["peers"]:
        console.print(_peers_by_mistake(found["peers"]))
        console.print(_peers(found["peers"]))


def _mistakes(summary: dict[str, Any]) -> Table:
    table = Table(title=f"Planted mistakes, handed over as {_way(summary)}")
    table.add_column("mistake", no_wrap=True)
    for name in ("draws", "detected", "located", "named"):
        table.add_column(name, justify="right")
    for row in summary["mistakes"]:
        n = row["draws"]
        marks = (f"{row[key]}" if row[key] == n else f"[bold red]{row[key]}[/]" for key in KEYS)
        table.add_row(row["name"], str(n), *marks)
    return table


def _peers_by_mistake(peers: dict[str, Any]) -> Table:
    table = Table(title="Peers: detected, of the smaller ones of the same draws")
    table.add_column("mistake", no_wrap=True)
    for peer in peers:
        table.add_column(peer, justify="right")
    names = next(iter(peers.values()))["by_mistake"]
    for name in names:
        table.add_row(name, *(_share(found["by_mistake"][name]) for found in peers.values()))
    return table


KEYS = ("detected", "located", "named")


def _share(counted: list[int] | None) -> str:
    return f"{counted[0]}/{counted[1]}" if counted else ""


def _way(summary: dict[str, Any]) -> str:
    return {"function": "a function", "arrays": "arrays"}[summary["handed"]]


def _confusions(summary: dict[str, Any]) -> Table:
    table = Table(title="Planted, and said in its place")
    for name in ("planted", "said"):
        table.add_column(name)
    table.add_column("times", justify="right")
    for row in summary["confusions"]:
        table.add_row(row["planted"], row["said"], str(row["times"]))
    return table


def _failures(summary: dict[str, Any]) -> Group:
    lines = []
    for o in summary["failures"][:FAILURES]:
        said = "; ".join(o["said"]) or (o["error"].strip().splitlines()[-1] if o["error"] else "nothing")
        equal = f" (lists {', '.join(o['unverified'])} as equal, unverified)" if o["unverified"] else ""
        lines.append(f"{o['about']}\n    said: {said}{equal}")
    left = len(summary["failures"]) - FAILURES
    return Group(*lines, *([f"... and {left} more: see --json"] if left > 0 else []))


def _alarms(summary: dict[str, Any]) -> Table:
    table = Table(title=f"Correct networks, handed over as {_way(summary)}")
    table.add_column("kind")
    table.add_column("networks", justify="right")
    table.add_column("false alarms", justify="right")
    for family, (alarms, n) in summary["alarms"].items():
        table.add_row(family, str(n), str(alarms))
    return table


def _aims(summary: dict[str, Any]) -> Table:
    table = Table(title=f"What Shoal reaches for, gradients as {_way(summary)}")
    for name in ("aim", "wanted", "measured", ""):
        table.add_column(name, justify="right" if name in ("wanted", "measured") else "left")
    for aim in summary["aims"]:
        table.add_row(aim["aim"], aim["wanted"], aim["measured"], "yes" if aim["reached"] else "NO")
    table.caption = (
        f"{summary['equal']} diagnoses in other words that give the same numbers; "
        f"{summary['extra']} that blame more than was planted; {summary['seconds']:.0f} s of diagnosing"
    )
    return table


def _peers(peers: dict[str, Any]) -> Table:
    table = Table(title="Peers on the same draws")
    table.add_column("peer")
    for name in ("detected", "located", "named", "false alarms", "could not run", "seconds"):
        table.add_column(name, justify="right")
    for peer, found in peers.items():
        shares = (_share(found[key]) for key in ("detected", "located"))
        table.add_row(
            peer, *shares, "0", _share(found["alarms"]), str(found["errors"]), f"{found['seconds']:.0f}"
        )
    return table
