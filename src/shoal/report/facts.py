"""What a result says of itself beside its numbers: gradients, data, versions, device, plan, time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shoal.report.numbers import MISSING, clean, counted, duration
from shoal.report.summary import Summary

VERDICTS = {
    "zero by construction": "exactly zero: the bias in front of a batch norm has no effect on the cost",
    "kink": "a probe crossed a corner such as ReLU's, so differences say nothing there",
    "WRONG": "the hand-written gradient disagrees with its references",
}


@dataclass(frozen=True)
class CheckedNetwork:
    """One network of the gradient check; `rows` are its parameter blocks as text."""

    label: str
    seed: str
    ok: bool
    rows: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class GradientCheck:
    """The record of the gradient check: a sentence, the networks, and what their verdicts mean."""

    sentence: str
    ok: bool
    networks: tuple[CheckedNetwork, ...]
    meanings: tuple[tuple[str, str], ...]


def gradient_check(summary: Summary) -> GradientCheck | None:
    """The gradient check of a result, or None if none was made."""
    record = summary.attribute("gradient_check")
    if not isinstance(record, list) or not record:
        return None
    networks = tuple(_network(entry) for entry in record)
    blocks = sum(len(network.rows) for network in networks)
    wrong = sum(row["verdict"] == "WRONG" for network in networks for row in network.rows)
    ok = all(network.ok for network in networks)
    met = {row["verdict"] for network in networks for row in network.rows}
    scope = f"{counted(len(networks), 'distinct network')}, {counted(blocks, 'parameter block')}"
    sentence = (
        f"{scope}: every gradient is right." if ok else f"{scope}: {wrong} wrong. Do not trust this run."
    )
    meanings = tuple((verdict, meaning) for verdict, meaning in VERDICTS.items() if verdict in met)
    return GradientCheck(sentence, ok, networks, meanings)


def _network(entry: dict[str, Any]) -> CheckedNetwork:
    rows = tuple(_block(block) for block in entry.get("blocks", []))
    return CheckedNetwork(
        clean(str(entry.get("network", ""))), str(entry.get("seed", "")), bool(entry.get("ok")), rows
    )


def _block(block: dict[str, Any]) -> dict[str, str]:
    where = block.get("worst_index")
    return {
        "layer": clean(str(block.get("layer", ""))),
        "parameter": clean(str(block.get("parameter", ""))),
        "shape": _sizes(block.get("shape")),
        "difference": _error(block.get("error_difference")),
        "autodiff": _error(block.get("error_autodiff")),
        "where": MISSING if where is None else f"[{', '.join(str(i) for i in _listed(where))}]",
        "verdict": str(block.get("verdict", "")),
        "note": clean(str(block.get("note") or "")),
    }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _sizes(shape: Any) -> str:
    return " × ".join(str(size) for size in _listed(shape)) if shape is not None else MISSING


def _error(value: Any) -> str:
    if value is None:
        return MISSING
    return f"{value:.1e}" if isinstance(value, int | float) else clean(str(value))


def notes(summary: Summary) -> list[str]:
    """The notes that the run left (a constant feature, a shared order ...)."""
    found = summary.attribute("notes", [])
    return [clean(str(note)) for note in _listed(found) if str(note)]


def facts(summary: Summary) -> list[tuple[str, Any]]:
    """(heading, value) of what is on record: text, numbers, or dicts and lists of them."""
    return recorded_facts(summary.dataset.attrs, summary.attribute)


def recorded_facts(attrs: Mapping[Any, Any], decoded: Callable[[str], Any]) -> list[tuple[str, Any]]:
    """The same from a result's attributes; `decoded` gives one whose JSON is read."""
    found: list[tuple[str, Any]] = [("Data", decoded("data"))]
    found.append(("Parameters", _parameters(decoded("parameters"))))
    found.append(("Versions", {"shoal": attrs.get("shoal_version", MISSING), **_dict(decoded("versions"))}))
    found.append(("Device", attrs.get("device")))
    found.append(("Plan", decoded("plan")))
    found.append(("Time", _time(attrs)))
    return [(heading, value) for heading, value in found if value not in (None, "", {}, [])]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parameters(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(count, int) for count in value):
        return " or ".join(f"{count:,}" for count in value) + " a network"
    return f"{value:,} a network" if isinstance(value, int) else value


def _time(attrs: Mapping[Any, Any]) -> str | None:
    total, compiling = attrs.get("seconds_total"), attrs.get("seconds_compile")
    if total is None:
        return None
    part = "" if compiling is None else f", {duration(float(compiling))} of it compiling"
    return f"{duration(float(total))}{part}"
