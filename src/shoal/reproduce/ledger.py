"""The whole answer: every sentence decided, every figure compared, and how it was made; for machines too."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shoal.reproduce.adapt import Mode
from shoal.reproduce.claims import JUDGES, ClaimDecision, not_run
from shoal.reproduce.compare import Compared, ComparedTable, compare
from shoal.reproduce.evidence import ReproductionData, StudyNotRun
from shoal.reproduce.model import Chosen, Claim, Report
from shoal.statistics.intervals import Interval


@dataclass(frozen=True)
class DecidedClaim:
    """A sentence of a report with its judgement."""

    report: Report
    claim: Claim
    judgement: ClaimDecision


@dataclass(frozen=True)
class RunRecord:
    """How a study's numbers came about."""

    study: str
    folder: str
    trained: bool
    seconds: float
    members: int
    seeds: int
    device: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Ledger:
    """Everything that the page says. `parts` are those that were asked for."""

    mode: Mode
    parts: tuple[Chosen, ...]
    decided: tuple[DecidedClaim, ...]
    tables: tuple[ComparedTable, ...]
    made: tuple[RunRecord, ...]
    seconds: float

    def count(self, words: Sequence[str]) -> Counter[str]:
        """How often each word was said of a figure."""
        return Counter(row.word for table in self.tables for row in table.rows if row.word in words)


def make_ledger(
    parts: Sequence[Chosen], evidence: ReproductionData, made: Sequence[RunRecord], seconds: float
) -> Ledger:
    """Decide every sentence whose parts were asked for, and compare every figure of the parts."""
    asked = {(report.number, name) for report, name, _ in parts}
    decided = [
        DecidedClaim(report, claim, _judgement(claim, evidence))
        for report in dict.fromkeys(report.key for report, _, _ in parts)
        for report in [next(one for one, _, _ in parts if one.key == report)]
        for claim in report.claim
        if all((report.number, part) in asked for part in claim.parts)
    ]
    tables = [table for report, name, part in parts for table in compare(report, name, part, evidence)]
    return Ledger(evidence.mode, tuple(parts), tuple(decided), tuple(tables), tuple(made), seconds)


def _judgement(claim: Claim, evidence: ReproductionData) -> ClaimDecision:
    try:
        return JUDGES[claim.judge](evidence)
    except StudyNotRun as missing:
        return not_run(str(missing))


def as_json(ledger: Ledger) -> dict[str, Any]:
    """The ledger as plain values; what is not a number becomes null."""
    mode = ledger.mode
    return {
        "labels": list(mode.labels),
        "seeds": mode.seeds,
        "quick": mode.quick,
        "digits": mode.digits,
        "seconds": round(ledger.seconds, 1),
        "parts": [f"{report.number}.{name}" for report, name, _ in ledger.parts],
        "claims": [
            {
                "report": one.report.number,
                "of": one.claim.of,
                "sentence": one.claim.sentence,
                "word": one.judgement.word,
                "test": one.judgement.test,
                "numbers": list(one.judgement.numbers),
                "cause": one.judgement.cause,
            }
            for one in ledger.decided
        ],
        "figures": [_figure(table, row) for table in ledger.tables for row in table.rows],
        "studies": [one.__dict__ for one in ledger.made],
    }


def json_text(ledger: Ledger) -> str:
    """ledger.json."""
    return json.dumps(as_json(ledger), indent=1, allow_nan=False) + "\n"


def _figure(table: ComparedTable, row: Compared) -> dict[str, Any]:
    return {
        "report": table.report.number,
        "part": table.part,
        "table": table.table.title,
        "of": row.row.of,
        "name": row.row.name,
        "reported": row.row.reported,
        "ours": _plain(row.mean),
        "single_run": _plain(row.single),
        "values": [_number(float(value)) for value in row.values[:100]],
        "word": row.word,
        "note": row.row.note,
    }


def _plain(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    ends = {"mean": interval.mean, "low": interval.low, "high": interval.high}
    return {**{key: _number(value) for key, value in ends.items()}, "n": interval.n}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
