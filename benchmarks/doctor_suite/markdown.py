"""The suite's tables in Markdown, for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Cells = Sequence[str]


def as_markdown(found: dict[str, Any]) -> str:
    """One page: the aims, each mistake with the peers' columns, the peers, false alarms, confusions."""
    lines = [f"Seed {found['seed']}; {found['machine']}; {found['seconds'] / 60:.1f} minutes.", ""]
    for summary in found["summaries"]:
        lines += [f"## Gradients handed over as {WAYS[summary['handed']]}", ""]
        aims = (
            [a["aim"], a["wanted"], a["measured"], "yes" if a["reached"] else "no"] for a in summary["aims"]
        )
        lines += _table(["aim", "wanted", "measured", "reached"], aims)
        lines += _mistakes(summary, found["peers"])
        if summary["alarms"]:
            alarms = ([family, str(n), str(k)] for family, (k, n) in summary["alarms"].items())
            lines += _table(["correct networks", "drawn", "false alarms"], alarms)
        if summary["confusions"]:
            rows = ([c["planted"], c["said"], str(c["times"])] for c in summary["confusions"])
            lines += _table(["planted", "said in its place", "times"], rows)
    if found["peers"]:
        lines += ["## Peers on the same draws", "", *_peers(found["peers"])]
    return "\n".join(lines).rstrip() + "\n"


WAYS = {"function": "a function", "arrays": "arrays"}


def _mistakes(summary: dict[str, Any], peers: dict[str, Any]) -> list[str]:
    heads = ["mistake", "draws", "detected", "located", "named", *(f"{peer}: detected" for peer in peers)]
    rows = [
        [
            f"`{row['name']}`",
            *(str(row[key]) for key in ("draws", "detected", "located", "named")),
            *(_share(found["by_mistake"].get(row["name"])) for found in peers.values()),
        ]
        for row in summary["mistakes"]
    ]
    return _table(heads, rows)


def _peers(peers: dict[str, Any]) -> list[str]:
    rows = (
        [peer, _share(found["detected"]), _share(found["located"]), "0", _share(found["alarms"])]
        for peer, found in peers.items()
    )
    return _table(["peer", "detected", "located", "named", "false alarms"], rows)


def _table(heads: Cells, rows: Iterable[Cells]) -> list[str]:
    sides = ["---", *("---:" for _ in heads[1:])]
    return [_line(heads), _line(sides), *(_line(row) for row in rows), ""]


def _line(cells: Cells) -> str:
    return f"| {' | '.join(cells)} |"


def _share(counted: list[int] | None) -> str:
    return f"{counted[0]}/{counted[1]}" if counted and counted[1] else ""
