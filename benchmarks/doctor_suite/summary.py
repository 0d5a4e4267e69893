"""All draws' rows, counted: by mistake, in total, against the aims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from .catalogue import ENTRIES

Rows = Sequence[dict[str, Any]]

AIMS = (
    ("detected", "one mistake: detected", 1.00),
    ("located", "one mistake: layer and parameter named", 0.97),
    ("named", "one mistake: cause named", 0.92),
    ("both", "two mistakes at once: both named", 0.75),
)


def summarize(rows: Rows, handed: str) -> dict[str, Any]:
    """The tables' numbers for one way of handing the gradients over."""
    mistakes = [_mistake(name, _of(rows, handed, "one", name)) for name in ENTRIES]
    one, two = _of(rows, handed, "one"), _of(rows, handed, "two")
    correct = {dtype: _of(rows, handed, "correct", dtype) for dtype in ("float64", "float32")}
    return {
        "handed": handed,
        "mistakes": [m for m in mistakes if m["draws"]],
        "aims": [*_aims(one, two), *(_no_alarm(dtype, found) for dtype, found in correct.items() if found)],
        "alarms": _by_family([o for found in correct.values() for o in found]),
        "confusions": _confusions(one),
        "equal": sum(o["equal"] for o in (*one, *two)),
        "extra": sum(bool(o["extra"]) for o in one),
        "seconds": sum(o["seconds"] for o in (*one, *two, *correct["float64"], *correct["float32"])),
        "failures": [o for o in (*one, *two) if _failed(o)]
        + [o for found in correct.values() for o in found if o["detected"] or o["error"]],
    }


def peers(rows: Rows) -> dict[str, Any]:
    """For each peer: detected of each mistake, in total, located, and false alarms."""
    asked = [row for row in rows if row.get("peers")]
    names = list(asked[0]["peers"]) if asked else []

    def share(of: Rows, peer: str, what: str) -> list[int]:
        return [sum(row["peers"][peer][what] for row in of), len(of)]

    planted = [row for row in asked if row["kind"] == "one" and not ENTRIES[row["name"]].harmless]
    correct = [row for row in asked if row["kind"] == "correct"]
    return {
        peer: {
            "by_mistake": {
                name: share([row for row in asked if row["name"] == name], peer, "detected")
                for name in ENTRIES
                if any(row["name"] == name for row in asked)
            },
            "detected": share(planted, peer, "detected"),
            "located": share(planted, peer, "located"),
            "alarms": share(correct, peer, "detected"),
            "errors": sum(bool(row["peers"][peer]["error"]) for row in asked),
            "seconds": sum(row["peers"][peer]["seconds"] for row in asked),
        }
        for peer in names
    }


def _of(rows: Rows, handed: str, kind: str, name: str | None = None) -> Rows:
    chosen = (row for row in rows if row["kind"] == kind and name in (None, row["name"]))
    return [o for row in chosen for o in row["doctor"] if o["handed"] == handed]


def _mistake(name: str, found: Rows) -> dict[str, Any]:
    return {
        "name": name,
        "draws": len(found),
        "detected": sum(o["detected"] for o in found),
        "located": sum(all(o["located"]) for o in found),
        "named": sum(all(o["named"]) for o in found),
        "equal": sum(o["equal"] for o in found),
        "extra": sum(bool(o["extra"]) for o in found),
    }


def _aims(one: Rows, two: Rows) -> Iterable[dict[str, Any]]:
    counts = {
        "detected": (sum(o["detected"] for o in one), len(one)),
        "located": (sum(all(o["located"]) for o in one), len(one)),
        "named": (sum(all(o["named"]) for o in one), len(one)),
        "both": (sum(all(o["named"]) for o in two), len(two)),
    }
    for key, aim, wanted in AIMS:
        got, of = counts[key]
        if of:
            share = f"{got}/{of} = {got / of:.1%}"
            yield {"aim": aim, "wanted": f"{wanted:.0%}", "measured": share, "reached": got >= wanted * of}


def _no_alarm(dtype: str, found: Rows) -> dict[str, Any]:
    alarms = sum(o["detected"] or bool(o["error"]) for o in found)
    aim = f"correct networks in {dtype}: false alarms"
    return {"aim": aim, "wanted": "0", "measured": f"{alarms} of {len(found)}", "reached": not alarms}


def _by_family(found: Rows) -> dict[str, list[int]]:
    """{"float64/kinks": [alarms, draws]}."""
    count: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
    for o in found:
        family = "/".join(o["key"].split("/")[1:3])
        count[family] += 1
        alarms[family] += o["detected"] or bool(o["error"])
    return {family: [alarms[family], n] for family, n in sorted(count.items())}


def _confusions(one: Rows) -> list[dict[str, Any]]:
    """What was said in place of a mistake, and how often."""
    count: Counter[tuple[str, str]] = Counter()
    for o in one:
        if not all(o["named"]):
            said = sorted({text.split(" at ")[0] for text in o["said"]})
            last = o["error"].strip().splitlines()[-1:] or ["unexplained" if o["unexplained"] else "nothing"]
            count[o["key"].split("/")[1], " + ".join(said) or last[0]] += 1
    return [{"planted": p, "said": said, "times": n} for (p, said), n in count.most_common()]


def _failed(o: dict[str, Any]) -> bool:
    return not (o["detected"] and all(o["located"]) and all(o["named"]))
