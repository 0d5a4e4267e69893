"""What the searches came to, as tables, and whether the aims are reached."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from search_tasks import BUDGET, MEMBERS, Sizes
from shoal.statistics.intervals import Interval, mean_interval
from tables import MOST_BUSY

AIM = 2.0  # times faster than training all to the end
BASIS = "random"  # what the others are compared with

Line = dict[str, Any]


def as_markdown(lines: Sequence[Line], machine: str) -> str:
    """Both tables, as far as they were measured."""
    parts = {"quality": _quality, "wall": _wall}
    text = [machine]
    for part, table in parts.items():
        own = [line for line in lines if line["part"] == part]
        text += ["", *table(own)] if own else []
    busy = statistics.median(line["others"] for line in lines)
    text += ["", f"Other processes took {busy:.0%} of the cores."]
    if busy > MOST_BUSY:
        text += ["Seconds are not to be quoted: the machine was not quiet."]
    return "\n".join(text)


def _quality(lines: Sequence[Line]) -> list[str]:
    sizes = Sizes(**lines[0]["sizes"])
    repeats = 1 + max(line["repeat"] for line in lines)
    text = [
        f"Three layers with batch norm, L2 x maximum rate, {sizes.train:,} training images; seeds a trial: "
        f"{sizes.seeds}; {sizes.steps:,} steps a training (the reports train 9,000); repeats: {repeats}. "
        f"Each search may spend {sizes.budget:,} network-steps: {BUDGET} trials to the end. Fresh: the "
        f"choice with {sizes.confirm} other seeds, the same for all; means over repeats, 95 % intervals.",
        "",
        "| search | trials | network-steps | of the budget | in the search, % | fresh, % | each repeat | "
        f"less {BASIS}, points | diverged | s, compiling |",
        "|---|---:|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    fresh = {name: _fresh(lines, name) for name in dict.fromkeys(line["name"] for line in lines)}
    for name, values in fresh.items():
        own = [line for line in lines if line["name"] == name]
        steps, seconds = [line["network_steps"] for line in own], [line["seconds"] for line in own]
        basis = fresh.get(BASIS, {})
        gains = [100 * (values[r] - basis[r]) for r in values if r in basis]
        compiling = statistics.median(line["seconds_compile"] for line in own)
        text.append(
            f"| {name} | {statistics.mean(line['trials'] for line in own):.0f} | "
            f"{statistics.mean(steps):,.0f} | {statistics.mean(steps) / sizes.budget:.0%} | "
            f"{100 * statistics.mean(line['score'] for line in own):.2f} | "
            f"{_text([100 * value for value in values.values()])} | "
            f"{', '.join(f'{100 * value:.2f}' for value in values.values())} | "
            f"{'' if name == BASIS else _text(gains)} | "
            f"{statistics.mean(line['diverged'] for line in own):.1f} | "
            f"{statistics.median(seconds):.0f}, {compiling:.0f} |"
        )
    return text


def _wall(lines: Sequence[Line]) -> list[str]:
    sizes = Sizes(**lines[0]["sizes"])
    text = [
        f"The same {MEMBERS} networks trained to the end and by halving; {sizes.steps:,} steps, one seed a "
        "point, everything compiled anew. Fresh: validation accuracy of the choice with "
        f"{sizes.confirm} other seeds, and the difference paired by these.",
        "",
        "| repeat | to the end, s | of it compiling | network-steps | halving, s | of it compiling | "
        "network-steps | times faster | without compiling | fresh, to the end, % | fresh, halving, % | "
        "halving less to the end, points |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    ratios, losses = [], []
    for repeat in dict.fromkeys(line["repeat"] for line in lines):
        own = {line["name"]: line for line in lines if line["repeat"] == repeat}
        if len(own) < 2:
            continue
        whole, halved = own["to the end"], own["halving"]
        ratios.append(whole["seconds"] / halved["seconds"])
        differences = [100 * (b - a) for a, b in zip(whole["fresh"], halved["fresh"], strict=True)]
        losses.append(statistics.mean(differences))
        cells = [f"{repeat + 1}"]
        for line in (whole, halved):
            cells += [
                f"{line['seconds']:.0f}",
                f"{line['seconds_compile']:.0f}",
                f"{line['network_steps']:,}",
            ]
        cells += [f"{ratios[-1]:.2f}", f"{_training(whole) / _training(halved):.2f}"]
        cells += [_text([100 * value for value in line["fresh"]]) for line in (whole, halved)]
        text.append(f"| {' | '.join([*cells, _text(differences)])} |")
    if not ratios:
        return text
    reached, loss = statistics.median(ratios), mean_interval(losses)
    measurable = loss.known and loss.high < 0
    return [
        *text,
        "",
        f"At least {AIM:g} times faster, compilation included: {reached:.2f} (median), "
        f"{'reached' if reached >= AIM else 'NOT reached'}. Halving less to the end over the repeats: "
        f"{_interval(loss)} points: {'a measurable loss' if measurable else 'no measurable loss'}.",
    ]


def _fresh(lines: Sequence[Line], name: str) -> dict[int, float]:
    return {line["repeat"]: statistics.mean(line["fresh"]) for line in lines if line["name"] == name}


def _training(line: Line) -> float:
    return line["seconds"] - line["seconds_compile"]


def _text(values: Sequence[float]) -> str:
    return _interval(mean_interval(values)) if values else ""


def _interval(interval: Interval) -> str:
    return f"{interval.mean:.2f} ± {interval.half:.2f}" if interval.known else f"{interval.mean:.2f}"
