"""The answer as a Markdown page with its pictures beside it, for the documentation."""

from __future__ import annotations

from pathlib import Path

from shoal.folder import Folder
from shoal.report.figures import Group
from shoal.report.sheet import svg_page
from shoal.reproduce.compare import ComparedTable
from shoal.reproduce.draw import Pictures, png
from shoal.reproduce.ledger import DecidedClaim, Ledger
from shoal.reproduce.page import EXPLANATION, TITLE, counted_words, facts, made_rows, subtitle
from shoal.reproduce.text import COLUMNS, cells_of, heading_of

STRIPS = (
    "*Diamonds: reported, one run. Dark: our mean, its 95 % interval, each seed. Light: where one more run "
    "of ours would be.*"
)


def write_markdown(ledger: Ledger, pictures: Pictures, path: Path, images: Path) -> None:
    """The page at `path`, its pictures in the folder `images` (made where it is missing)."""
    images.mkdir(parents=True, exist_ok=True)
    with Folder.open(path.parent) as pages, Folder.open(images) as kept:
        pages.replace(path.name, _page(ledger, pictures, path, images, kept).encode())


def _page(ledger: Ledger, pictures: Pictures, path: Path, images: Path, kept: Folder) -> str:
    label = ledger.mode.label
    mode = [f"**{label}.** Nothing here speaks for or against a report.", ""] if label else []
    lines = [f"# {TITLE}", "", *mode, f"{subtitle(ledger)}. Written by `{command(ledger)}`.", ""]
    lines += ["## Claims", "", counted_words(ledger), "", EXPLANATION, ""]
    lines += [line for one in ledger.decided for line in _claim(one)]
    number = ""
    for report, name, part in ledger.parts:
        if report.number != number:
            number = report.number
            lines += [f"## Report {number}: {report.title}", ""]
        lines += [f"### {part.title} (`{number}.{name}`)", "", *([part.note, ""] if part.note else [])]
        own = [table for table in ledger.tables if (table.report.number, table.part) == (number, name)]
        for i, table in enumerate(own):
            lines += _table(table, label, path, images / f"{number}-{name}-{i}.png", kept)
        for i, group in enumerate(pictures[number, name]):
            lines += _picture(group, label, path, images / f"{number}-{name}-{i}.svg", kept)
    lines += _record(ledger)
    return "\n".join(lines).rstrip() + "\n"


def command(ledger: Ledger) -> str:
    """What was asked for, as one would type it."""
    asked = [f"{report.number}.{name}" for report, name, _ in ledger.parts]
    whole = {report.number for report, _, _ in ledger.parts}
    complete = [n for n in sorted(whole) if all(f"{n}.{p}" in asked for p in _parts_of(ledger, n))]
    rest = [name for name in asked if name.split(".")[0] not in complete]
    options = [f"--seeds {ledger.mode.seeds}"]
    options += ["--quick"] * ledger.mode.quick + ["--data digits"] * ledger.mode.digits
    return " ".join(["shoal reproduce", *complete, *rest, *options])


def _parts_of(ledger: Ledger, number: str) -> list[str]:
    return list(next(report for report, _, _ in ledger.parts if report.number == number).part)


def _claim(one: DecidedClaim) -> list[str]:
    kind = "doubt about" if one.claim.of == "doubtful" else "claim of"
    found = one.judgement
    lines = [f"**{found.word}** · {kind} {one.report.number}: {one.claim.sentence}", ""]
    lines += [f"- {number}" for number in found.numbers]
    lines += ["", *([f"Why: {found.cause}", ""] if found.cause else [])]
    return [*lines, *([f"*{found.test}*", ""] if found.test else [])]


def _table(table: ComparedTable, label: str, page: Path, image: Path, kept: Folder) -> list[str]:
    rows = [cells_of(table, row) for row in table.rows]
    used = len(COLUMNS) if any(row[-1] for row in rows) else len(COLUMNS) - 1
    lines = [f"#### {heading_of(table)}", "", *([f"**{label}**", ""] if label else [])]
    lines += [_line(COLUMNS[:used]), _line(["---"] * used), *(_line(row[:used]) for row in rows), ""]
    lines += [table.table.caption, ""] if table.table.caption else []
    if (picture := png(table, label)) is not None:
        kept.replace(image.name, picture)
        lines += [
            f"![{table.table.title}: reported figures and our intervals]({_place(image, page)})",
            "",
            STRIPS,
            "",
        ]
    return lines


def _picture(group: Group, label: str, page: Path, image: Path, kept: Folder) -> list[str]:
    """Figures of a study's own report as one SVG."""
    kept.replace(image.name, svg_page(group, label).encode())
    lines = [f"#### {group.heading}", "", *([f"**{label}**", ""] if label else [])]
    lines += [f"![{group.heading}]({_place(image, page)})", ""]
    captions = dict.fromkeys([*(drawing.caption for drawing in group.drawings), group.caption])
    return [*lines, *(line for caption in captions if caption for line in (f"*{caption}*", ""))]


def _place(image: Path, page: Path) -> str:
    """An image's address in the page."""
    return image.relative_to(page.parent).as_posix() if image.is_relative_to(page.parent) else str(image)


def _line(cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"  # type: ignore[union-attr]


def _record(ledger: Ledger) -> list[str]:
    lines = ["## Record", "", *(f"{heading}: {fact}." + "\n" for heading, fact in facts(ledger))]
    columns = ("study", "networks", "time, compilation and checks included", "device", "")
    rows = [_line(row) for row in made_rows(ledger)]
    return [*lines, _line(columns), _line(["---"] * len(columns)), *rows, ""]
