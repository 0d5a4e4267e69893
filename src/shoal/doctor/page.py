"""A diagnosis as a page for the terminal: the verdict first, then each mistake, a table last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shoal.doctor.result import BlockDiagnosis, Cause, Diagnosis, Segment
from shoal.gradients import rendering
from shoal.gradients.verdict import STYLES, Verdict

COLUMNS = 100  # of the page without a terminal
FEW = 6  # names that are listed before "and 3 more"


@rendering.plain_text.register(Diagnosis)
def plain(diagnosis: Diagnosis) -> str:
    """The page as text without colour."""
    console = Console(width=COLUMNS, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(render(diagnosis))
    return "\n".join(line.rstrip() for line in capture.get().rstrip().splitlines())


@rendering.render.register(Diagnosis)
def render(diagnosis: Diagnosis) -> RenderableType:
    """Verdict, mistakes, what is not explained, table of blocks, remarks."""
    parts: list[RenderableType] = [_verdict(diagnosis)]
    parts += [_cause(diagnosis, k, cause) for k, cause in enumerate(diagnosis.causes, 1)]
    parts += [_segment(diagnosis, segment) for segment in diagnosis.unexplained]
    parts += [Text(), _table(diagnosis)]
    parts += [Text(remark, style="yellow") for remark in remarks(diagnosis)]
    return Group(*parts)


def remarks(diagnosis: Diagnosis) -> tuple[str, ...]:
    """What was noticed beside the gradients themselves."""
    if not any(block.verdict is Verdict.ROUNDING for block in diagnosis.blocks):
        return diagnosis.remarks
    drowned = (
        "Rounding only: at this point these gradients are smaller than the rounding of the numbers that they "
        "are made of, and cannot be judged. Try another batch, or float64."
    )
    return (*diagnosis.remarks, drowned)


def headline(diagnosis: Diagnosis) -> str:
    """The verdict in words."""
    if diagnosis.ok:
        count = sum(len(cause.where) > 0 for cause in diagnosis.causes)
        return "right" + (" (with a choice of its own where no derivative exists)" if count else "")
    found = sum(not cause.harmless for cause in diagnosis.causes)
    open_ends = len(diagnosis.unexplained)
    parts = [f"{found} mistake{'s' * (found > 1)} found"] if found else []
    parts += [f"{open_ends} place{'s' * (open_ends > 1)} that no known mistake explains"] if open_ends else []
    return "WRONG: " + " and ".join(parts or ["no known mistake explains it"])


def counts(diagnosis: Diagnosis) -> str:
    """On what it was judged."""
    digits = "float32" if diagnosis.precision > 1e-10 else "float64"
    points = f"{diagnosis.points} point{'s' * (diagnosis.points > 1)}"
    return (
        f"{diagnosis.examples} examples, L2 {diagnosis.l2:g}, {points}, {digits}, {diagnosis.seconds:.1f} s"
    )


def place(diagnosis: Diagnosis, cause: Cause) -> str:
    """Where a mistake is: layers, or parameters by the user's names."""
    names = [name_of(diagnosis, layer, part) for layer, part in cause.where]
    return listed(names)


def name_of(diagnosis: Diagnosis, layer: str, part: str) -> str:
    """A place as the user would call it."""
    if part in ("dx", "dscores", "gradients"):
        return "all gradients" if layer == "network" else layer.replace("_", " ")
    return diagnosis.names.get(f"{layer}.{part}", f"{layer}.{part}")


def sentence(diagnosis: Diagnosis, cause: Cause) -> str:
    """What the user's numbers equal, and how well."""
    note = f" ({cause.note})" if cause.note else ""
    several = len(diagnosis.causes) > 1
    together = ", together with the other mistakes found" if several else ""
    worst = max((b.error for b in diagnosis.blocks if b.name in cause.blocks), default=0.0)
    agreement = f"agreement {cause.agreement:.0e}" if cause.agreement else "to the last bit"
    numbers = f"{agreement}; the true gradient differs by {worst:.2g}"
    return f"Your gradient equals the true one with {cause.mistake.sentence}{note}{together} ({numbers})."


def follow_ups(diagnosis: Diagnosis, cause: Cause) -> str:
    """The blocks that need no fix of their own."""
    names = [diagnosis.names.get(b, b) for b in cause.blocks if b not in cause.own]
    if not names or cause.harmless or cause.where[0][0] == "network":
        return ""
    return (
        f"Everything in front of it ({listed(names)}) is wrong because of this and needs no fix of its own."
    )


def reasons(diagnosis: Diagnosis, block: BlockDiagnosis) -> str:
    """The numbers of the mistakes that make a block wrong."""
    return ", ".join(str(k) for k, c in enumerate(diagnosis.causes, 1) if c.mistake.name in block.because)


def listed(names: Sequence[str]) -> str:
    """Names with commas, the tail counted."""
    names = list(dict.fromkeys(names))
    tail = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + tail


def _verdict(diagnosis: Diagnosis) -> Text:
    style = "bold green" if diagnosis.ok else "bold red"
    return Text.assemble(
        ("gradients ", "bold"), (headline(diagnosis), style), "\n", (counts(diagnosis), "dim")
    )


def _cause(diagnosis: Diagnosis, k: int, cause: Cause) -> RenderableType:
    verdict, style = ("another choice", "yellow") if cause.harmless else ("WRONG", "bold red")
    head = Text.assemble(
        f"\n{k}. ", (place(diagnosis, cause), "bold"), " · ", cause.mistake.title, " · ", (verdict, style)
    )
    lines = [
        Text(sentence(diagnosis, cause)),
        Text(cause.mistake.equation, style="cyan"),
        Text(cause.mistake.remedy),
        Text(follow_ups(diagnosis, cause)),
        Text(_others(cause), style="dim"),
        Text(cause.mistake.page, style="dim"),
    ]
    return Group(head, Padding(Group(*(line for line in lines if line.plain)), (0, 0, 0, 3)))


def _others(cause: Cause) -> str:
    if not cause.equivalents:
        return ""
    return f"The same numbers here would come from: {', '.join(cause.equivalents)}."


def _segment(diagnosis: Diagnosis, segment: Segment) -> RenderableType:
    head = Text.assemble(
        "\n", (listed([n.replace("_", " ") for n in segment.layers]), "bold"), " · ", ("WRONG", "bold red")
    )
    blocks = listed([diagnosis.names.get(b, b) for b in segment.blocks])
    text = f"{segment.note}." + (f" It shows in {blocks}." if blocks else "")
    return Group(head, Padding(Text(text), (0, 0, 0, 3)))


def _table(diagnosis: Diagnosis) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("gradient of", "shape"):
        table.add_column(heading)
    for heading in ("off by", "at", "came", "true"):
        table.add_column(heading, justify="right")
    table.add_column("verdict", no_wrap=True)
    table.add_column("because of")
    for block in diagnosis.blocks:
        table.add_row(*_row(diagnosis, block))
    return table


def _row(diagnosis: Diagnosis, block: BlockDiagnosis) -> Iterable[RenderableType]:
    yield Text(diagnosis.names.get(block.name, block.name))
    yield "x".join(map(str, block.shape))
    wrong = block.verdict in (Verdict.WRONG, Verdict.KINK)
    yield "-" if block.error == 0 or (not wrong and block.verdict is not Verdict.OK) else f"{block.error:.1e}"
    yield ",".join(map(str, block.worst_index)) if wrong else "-"
    yield f"{block.came:.6g}" if wrong else "-"
    yield f"{block.true:.6g}" if wrong else "-"
    yield Text(block.verdict, style=STYLES[block.verdict])
    yield reasons(diagnosis, block)
