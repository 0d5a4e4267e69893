"""The reports as files of this package: figures and where to find ours, pictures, claims."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shoal.errors import StudyError
from shoal.report.numbers import short_number

Level = bool | int | float | str


class ReportTable(BaseModel):
    """A table of a report's file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(ReportTable):
    """One figure: what was reported, and which of our numbers it is.

    of: its path among the report's figures; `reported` is missing where only ours is shown.
    at: the level of each factor, nearest for numbers, a beginning or a place for names.
    value: a variable of the result or a name among computed numbers; "level" is the level of `best` that did
    best. best: a factor of which each seed chooses its own best level on validation data. over: a factor
    whose levels are runs of their own, as draws of a split are.
    take: the last record of each seed, its first or its largest; `step` one in between.
    settings: other numbers of the report that say what this row is.
    tolerance: of a figure that does not depend on chance. note: why ours differs, shown where it does.
    """

    name: str
    of: str = ""
    reported: float | None = None
    study: str = ""
    value: str = ""
    at: dict[str, Level] = {}
    best: str = ""
    over: str = ""
    take: Literal["last", "first", "max"] = "last"
    step: int | None = None
    settings: dict[str, float] = {}
    tolerance: float | None = None
    note: str = ""


class Column(ReportTable):
    """One of several figures beside each other in a grid."""

    name: str = ""
    at: dict[str, Level] = {}


class Grid(ReportTable):
    """Figures along one factor: `rows` of a level and one figure a column, as the report printed them.

    named: the row's name around its level ("λ {}"). complement: our levels are 1 minus the report's. notes:
    why a level's figures differ, by the level as a number.
    """

    of: str
    along: str
    named: str = "{}"
    complement: bool = False
    columns: tuple[Column, ...] = (Column(),)
    notes: dict[str, str] = {}
    rows: tuple[tuple[float, ...], ...]


class Table(ReportTable):
    """Figures of one kind under a heading. unit: how they are written. drawn: whether the report measured on
    another draw of as many examples, so that the draw is noise too. Rows and grids take study and value
    from here where they say nothing themselves."""

    title: str
    unit: Literal["accuracy", "share", "nat", "number", "error"] = "accuracy"
    study: str = ""
    value: str = ""
    drawn: bool = False
    scale: Literal["linear", "log"] = "linear"
    row: tuple[Row, ...] = ()
    grid: tuple[Grid, ...] = ()
    caption: str = ""


class Picture(ReportTable):
    """A figure of the report (`of` is what the reference calls it) and the part of our page that is it."""

    title: str
    of: str = ""
    study: str
    group: str = "curves"


class Part(ReportTable):
    """What can be asked for by name: studies to run, numbers to compute, tables and pictures of them.

    seeds: "own" where the study's number of networks is the question itself.
    """

    title: str
    studies: tuple[str, ...] = ()
    compute: str = ""
    seeds: Literal["asked", "own"] = "asked"
    table: tuple[Table, ...] = ()
    picture: tuple[Picture, ...] = ()
    note: str = ""


class Claim(ReportTable):
    """A sentence of the report (`claims`) or about it (`doubtful`), and the name of what decides it."""

    sentence: str
    of: Literal["claims", "doubtful"]
    judge: str
    parts: tuple[str, ...]


class Report(ReportTable):
    """One report: its key in the reference file, its parts in the order of the page, its claims."""

    key: str
    title: str
    part: dict[str, Part]
    claim: tuple[Claim, ...] = ()

    @property
    def number(self) -> str:
        """000, 001, ..."""
        return self.key.split("_")[0]


def rows_of(table: Table) -> list[Row]:
    """All rows of a table, its grids written out, with what the table says for all of them."""
    rows = [*(row for grid in table.grid for row in _written_out(grid)), *table.row]
    common = {"study": table.study, "value": table.value}
    return [row.model_copy(update={k: v for k, v in common.items() if not getattr(row, k)}) for row in rows]


def _written_out(grid: Grid) -> list[Row]:
    found = []
    notes = {float(level): note for level, note in grid.notes.items()}
    for i, (level, *figures) in enumerate(grid.rows):
        for j, (column, figure) in enumerate(zip(grid.columns, figures, strict=True), start=1):
            name = ", ".join(filter(None, [grid.named.format(short_number(level)), column.name]))
            at: dict[str, Any] = dict(column.at)
            step = None
            if grid.along == "step":
                step = int(level)
            else:
                at[grid.along] = 1 - level if grid.complement else level
            row = Row(
                name=name,
                of=f"{grid.of}.{i}.{j}",
                reported=figure,
                at=at,
                step=step,
                settings={f"{grid.of}.{i}.0": level},
                note=notes.get(level, ""),
            )
            found.append(row)
    return found


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
