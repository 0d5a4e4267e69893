"""The health of a study's networks in words: a verdict, and a line for each rule that found something."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.analysis import Finding
from shoal.report.numbers import counted, shorten
from shoal.report.summary import Summary

MOST_NAMED = 3
MOST_ROWS = 200


@dataclass(frozen=True)
class HealthFinding:
    """One rule's findings: `line` says where and how bad in a sentence; `rows` are its cells as text."""

    title: str
    line: str
    meaning: str
    remedy: str
    page: str
    rows: tuple[dict[str, str], ...]
    left_out: int


def sicknesses(summary: Summary) -> list[HealthFinding]:
    """What was found, rule by rule."""
    return [_sickness(summary, found) for found in summary.health.by_rule.values()]


def health_lines(summary: Summary) -> list[str]:
    """The verdict and one line for each rule that found something, with its remedy."""
    every = sicknesses(summary)
    return [f"Health: {summary.health.verdict}", *(f"{one.title}: {one.line} {one.remedy}" for one in every)]


def _sickness(summary: Summary, found: tuple[Finding, ...]) -> HealthFinding:
    rule = found[0].rule
    rows = tuple(_row(summary, finding) for finding in found[:MOST_ROWS])
    left_out = max(0, len(found) - MOST_ROWS)
    return HealthFinding(
        rule.title, _line(summary, found), rule.meaning, rule.remedy, rule.page, rows, left_out
    )


def _line(summary: Summary, found: tuple[Finding, ...]) -> str:
    networks = sum(len(finding.seeds) for finding in found)
    worst = worst_of(found)
    number = f"{worst.rule.number} {worst.rule.written(worst.value)}"
    note = f" ({worst.note})" if worst.note else ""
    scope = f"{networks:,} of {counted(summary.health.networks, 'network')}" if summary.members[1] > 1 else ""
    where = _cells(summary, found)
    place = f"{scope}{where}; worst: " if scope else ""
    cell = f" ({summary.cell_text(worst.cell)})" if len(found) > 1 else ""
    return f"{place}{number}{note}{worst.where}{cell}."


def worst_of(found: tuple[Finding, ...]) -> Finding:
    """The finding furthest beyond the rule's threshold."""
    below = found[0].value < found[0].threshold
    return min(found, key=lambda finding: finding.value if below else -finding.value)


def _cells(summary: Summary, found: tuple[Finding, ...]) -> str:
    cells = len(summary.rows)
    if cells == 1:
        return ""
    if len(found) == cells:
        return f", in all {cells} cells"
    if len(found) == 1:
        return f" ({summary.cell_text(found[0].cell)})"
    names = "; ".join(shorten(summary.cell_text(f.cell), 60) for f in found[:MOST_NAMED])
    return f", in {len(found)} of {cells} cells ({names}{'; …' if len(found) > MOST_NAMED else ''})"


def _row(summary: Summary, finding: Finding) -> dict[str, str]:
    steps = finding.steps
    span = "" if not steps else f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    return {
        "cell": summary.cell_text(finding.cell),
        "networks": f"{len(finding.seeds)} of {finding.networks}",
        "layers": ", ".join(finding.layers),
        "steps": span,
        "worst": f"{finding.rule.written(finding.value)}{finding.where}",
    }
