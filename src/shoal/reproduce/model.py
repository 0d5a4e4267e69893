"""What a report said, as files of this package tell it: figures and where to find ours, pictures, claims."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shoal.report.numbers import short_number

Level = bool | int | float | str


class Words(BaseModel):
    """A table of a report's file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(Words):
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


class Column(Words):
    """One of several figures beside each other in a grid."""

    name: str = ""
    at: dict[str, Level] = {}


class Grid(Words):
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


class Table(Words):
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


class Picture(Words):
    """A figure of the report (`of` is what the reference calls it) and the part of our page that is it."""

    title: str
    of: str = ""
    study: str
    group: str = "curves"


class Part(Words):
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


class Claim(Words):
    """A sentence of the report (`claims`) or about it (`doubtful`), and the name of what decides it."""

    sentence: str
    of: Literal["claims", "doubtful"]
    judge: str
    parts: tuple[str, ...]


class Report(Words):
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
