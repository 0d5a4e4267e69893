"""The answer as one self-contained page: the sentences first, then every table and picture."""

from __future__ import annotations

from typing import Any

from shoal.report.numbers import counted, duration
from shoal.report.templates import template
from shoal.reproduce.compare import ComparedTable
from shoal.reproduce.draw import KEYS, Pictures, strip_chart
from shoal.reproduce.ledger import Ledger
from shoal.reproduce.model import Part
from shoal.reproduce.text import COLUMNS, cells_of, counts_text, decided_text, heading_of

TITLE = "The reports' figures and claims, run again"
COUNTED = 100  # from so many seeds on it is networks that are counted, as in a share of them
EXPLANATION = (
    "A reported figure is one run's. It agrees with ours where it lies in the interval in which one more "
    "run of ours would lie in 95 of 100 cases; otherwise ours is higher or lower. ± is half of a 95 % t "
    "interval of the mean over seeds."
)


def render_page(ledger: Ledger, pictures: Pictures, version: str) -> str:
    """index.html."""
    return template("reproduction.html.jinja").render(
        title=TITLE,
        labels=ledger.mode.labels,
        label=ledger.mode.label,
        subtitle=subtitle(ledger),
        counts=counted_words(ledger),
        explanation=EXPLANATION,
        decided=ledger.decided,
        columns=COLUMNS,
        keys=KEYS,
        reports=_reports(ledger, pictures),
        made=made_rows(ledger),
        facts=facts(ledger),
        version=version,
    )


def subtitle(ledger: Ledger) -> str:
    """Which reports, how many seeds, how long."""
    numbers = list(dict.fromkeys(report.number for report, _, _ in ledger.parts))
    which = f"report{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
    trained = sum(one.seconds for one in ledger.made)
    parts = [which, _seeds(ledger), f"{duration(trained)} of training"]
    return " · ".join(parts)


def _seeds(ledger: Ledger) -> str:
    """How many seeds the runs have: as many as asked for, or more where such a run was finished."""
    most = max((one.seeds for one in ledger.made if one.seeds < COUNTED), default=ledger.mode.seeds)
    least = ledger.mode.seeds
    return f"{least} to {most} seeds" if most > least else counted(least, "seed")


def counted_words(ledger: Ledger) -> str:
    """How many sentences hold and how many figures agree."""
    words = ledger.count(("agrees", "higher", "lower"))
    figures = counts_text(words["agrees"], words["higher"], words["lower"])
    return f"{decided_text([one.judgement.word for one in ledger.decided])} {figures}".strip()


def made_rows(ledger: Ledger) -> list[tuple[str, ...]]:
    """Study, networks, time, device, where it lies."""
    return [
        (
            one.study,
            f"{one.members:,}",
            duration(one.seconds),
            one.device,
            "trained now" if one.trained else "finished before",
        )
        for one in ledger.made
    ]


def facts(ledger: Ledger) -> list[tuple[str, str]]:
    """Devices and versions behind the numbers."""
    devices = sorted({one.device for one in ledger.made})
    versions = sorted({f"{name} {value}" for one in ledger.made for name, value in one.versions.items()})
    return [("Devices", ", ".join(devices)), ("Versions", ", ".join(versions))] if ledger.made else []


def _reports(ledger: Ledger, pictures: Pictures) -> list[dict[str, Any]]:
    numbers = list(dict.fromkeys(report.number for report, _, _ in ledger.parts))
    return [
        {
            "number": number,
            "title": next(report.title for report, _, _ in ledger.parts if report.number == number),
            "parts": [
                _part(ledger, pictures, number, name, part)
                for report, name, part in ledger.parts
                if report.number == number
            ],
        }
        for number in numbers
    ]


def _part(ledger: Ledger, pictures: Pictures, number: str, name: str, part: Part) -> dict[str, Any]:
    own = [table for table in ledger.tables if (table.report.number, table.part) == (number, name)]
    label = ledger.mode.label
    return {
        "id": f"r{number}-{name}",
        "name": f"{number}.{name}",
        "title": part.title,
        "note": part.note,
        "tables": [_table(table, f"strip-{number}-{name}-{i}", label) for i, table in enumerate(own)],
        "groups": pictures[number, name],
    }


def _table(table: ComparedTable, name: str, label: str) -> dict[str, Any]:
    drawn = strip_chart(table, name, label)
    return {
        "title": heading_of(table),
        "caption": table.table.caption,
        "rows": [cells_of(table, row) for row in table.rows],
        "notes": any(cells_of(table, row)[-1] for row in table.rows),
        "drawing": drawn,
    }
