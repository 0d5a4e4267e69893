"""The reports that come with the package, and what a user may ask for by name."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from shoal.errors import StudyError
from shoal.reproduce.model import Part, Report

Chosen = tuple[Report, str, Part]  # a report, the name of a part, the part


@cache
def reports() -> tuple[Report, ...]:
    """Every report, by number."""
    folder = resources.files("shoal.reproduce") / "reports"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(_read(file.name, file.read_text(encoding="utf-8")) for file in files)


def _read(name: str, text: str) -> Report:
    try:
        return Report.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise StudyError(f"{name}: {error}", "This file comes with Shoal: install it again.") from None


def part_names() -> list[str]:
    """Everything that can be asked for: reports, parts as 002.search, all."""
    return [
        name for one in reports() for name in (one.number, *(f"{one.number}.{part}" for part in one.part))
    ]


def choose(names: Iterable[str]) -> list[Chosen]:
    """The parts that names ask for, each once, in the order of the page.

    Raises StudyError for a name that is none, with the nearest one.
    """
    wanted, known = set(names), {*part_names(), "all"}
    if not wanted:
        raise StudyError("No report is named.", "Name one (002), a part of one (002.search), or all.")
    for name in sorted(wanted - known):
        near = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        parts = "; ".join(f"{one.number}: {', '.join(one.part)}" for one in reports())
        raise StudyError(f"{name} is no report and no part of one.", f"{hint}There are {parts}; and all.")
    return [
        (report, name, part)
        for report in reports()
        for name, part in report.part.items()
        if wanted & {"all", report.number, f"{report.number}.{name}"}
    ]


def study_file(name: str) -> Path:
    """The file of a shipped study: inside an installed package, else beside its source.

    Raises StudyError where there is none.
    """
    inside = Path(__file__).parent.parent
    places = (inside / "reproduce" / "studies", inside.parents[1] / "studies" / "reports")
    for place in places:
        if (place / f"{name}.toml").is_file():
            return place / f"{name}.toml"
    raise StudyError(
        f"The study {name}.toml was not found in {' or '.join(map(str, places))}.",
        "It comes with Shoal: install it again.",
    )
