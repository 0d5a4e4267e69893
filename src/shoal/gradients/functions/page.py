"""A black-box check as a page for the terminal: the verdict first, a table after."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from shoal.gradients import rendering
from shoal.gradients.functions.result import BlockResult, Entry, FunctionCheck
from shoal.gradients.verdict import STYLES, Verdict

WIDTH = 110


@rendering.render.register(FunctionCheck)
def render(check: FunctionCheck) -> RenderableType:
    """Verdict, findings, table of blocks, notes."""
    return Group(_verdict(check), *_findings(check), _table(check), *_notes(check))


@rendering.plain_text.register(FunctionCheck)
def plain(check: FunctionCheck) -> str:
    """The page without colour."""
    console = Console(file=StringIO(), width=WIDTH, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(render(check))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def headline(check: FunctionCheck) -> str:
    """What comes after the verdict."""
    if check.wrong:
        return f"{len(check.wrong)} of {len(check.blocks)} blocks: {names(check.wrong)}"
    return "" if check.ok else "every block is right at the first call"


def names(blocks: tuple[BlockResult, ...]) -> str:
    shown = ", ".join(block.name for block in blocks[:6])
    return f"{shown} and {len(blocks) - 6} more" if len(blocks) > 6 else shown


def facts(check: FunctionCheck) -> str:
    probed, size = sum(b.probed for b in check.blocks), sum(_size(b.shape) for b in check.blocks)
    directions = sum(b.directions for b in check.blocks)
    return (
        f"{probed:,} of {size:,} entries and {directions} directions against {check.method}, "
        f"{check.precision}; loss {check.loss:.6g}, {check.calls:,} calls in {check.seconds:.1f} s"
    )


def columns(block: BlockResult) -> tuple[str, ...]:
    """The cells of one block: name, shape, probed, relative, absolute, numeric error, worst at, verdict."""
    zero = block.verdict is Verdict.ZERO
    return (
        block.name,
        "x".join(map(str, block.shape)) or "1",
        f"{block.probed}+{block.directions}" if block.directions else str(block.probed),
        "-" if block.error is None or zero else f"{block.error:.1e}",
        f"{block.absolute:.1e}",
        f"{block.numeric_error:.1e}",
        ",".join(map(str, block.worst[0].index)) if block.worst and not zero else "-",
        str(block.verdict),
    )


HEADINGS = ("block", "shape", "probed", "relative", "absolute", "numeric ±", "worst at", "verdict")


def block_note(block: BlockResult) -> str:
    """What has to be read of a block beside its row."""
    parts = [part for part in (block.extent, block.note) if part]
    return f"{block.name}: {'; '.join(parts)}" if parts else ""


def values(entry: Entry) -> str:
    where = f"at {entry.index}: " if entry.index else ""
    return f"{where}{entry.came:.10g} came, {entry.true:.10g} ± {entry.error:.0e} is right"


def _verdict(check: FunctionCheck) -> Text:
    verdict = ("right", "bold green") if check.ok else ("WRONG", "bold red")
    head = Text.assemble(("gradients", "bold"), "  ", verdict)
    if more := headline(check):
        head.append(f"  {more}")
    return Text("\n").join([head, Text(facts(check), style="dim")])


def _findings(check: FunctionCheck) -> list[Text]:
    return [
        Text.assemble(("note  " if finding.harmless else "->  ", "bold"), finding.sentence)
        for finding in check.findings
    ]


def _table(check: FunctionCheck) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for i, heading in enumerate(HEADINGS):
        right = 2 <= i < len(HEADINGS) - 1
        table.add_column(heading, justify="right" if right else "left", no_wrap=i == len(HEADINGS) - 1)
    for block in check.blocks:
        *cells, verdict = columns(block)
        table.add_row(*map(escape, cells), Text(verdict, style=STYLES[block.verdict]))
    return table


def _notes(check: FunctionCheck) -> list[Text]:
    notes = []
    for block in check.blocks:
        if text := block_note(block):
            notes.append(Text(text))
        if block.verdict is Verdict.WRONG:
            notes += [Text(f"    {values(entry)}") for entry in block.worst]
    small = sum(block.unresolved for block in check.blocks)
    if small:
        text = f"{small} slopes are too small beside the loss to resolve; they agree to within their error"
        notes.append(Text(text, style="dim"))
    return notes + [Text(note, style="dim") for note in check.notes]


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
