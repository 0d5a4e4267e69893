"""A gradient check as a page for the terminal: the verdict first, a table after."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from shoal.gradients.networks.result import BlockCheck, GradientCheck
from shoal.gradients.verdict import STYLES, Verdict


def render(check: GradientCheck) -> RenderableType:
    """Verdict, table of blocks, and the notes that need reading."""
    return Group(_verdict(check), _table(check), *_notes(check))


def _verdict(check: GradientCheck) -> Text:
    verdict = ("right", "bold green") if check.ok else ("WRONG", "bold red")
    head = Text.assemble((check.network, "bold"), "  ", verdict)
    if check.culprits:
        head.append(f"  look at {', '.join(check.culprits)}")
    counts = (
        f"seed {check.seed}, {check.examples} examples, L2 {check.l2:g}: {check.probed:,} of "
        f"{check.parameters:,} entries and {check.directions} directions against differences,\n"
        f"every entry against autodiff, in {check.seconds:.1f} s"
    )
    return Text("\n").join([head, Text(counts, style="dim")])


def _table(check: GradientCheck) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("layer", "", "shape"):
        table.add_column(heading)
    for heading in ("probed", "differences", "autodiff", "worst at"):
        table.add_column(heading, justify="right")
    table.add_column("verdict", no_wrap=True)
    for block in check.blocks:
        table.add_row(
            escape(block.layer),
            escape(block.parameter),
            "x".join(map(str, block.shape)),
            _probed(block),
            _error(block, block.error_difference),
            _error(block, block.error_autodiff),
            _index(block),
            Text(block.verdict, style=STYLES[block.verdict]),
        )
    return table


def _notes(check: GradientCheck) -> list[Text]:
    notes = []
    for block in check.blocks:
        if block.verdict in (Verdict.WRONG, Verdict.KINK):
            notes.append(Text(f"{block.layer} {block.parameter}: {block.note}{_values(block)}"))
    blamed = {block.layer for block in check.wrong}
    for layer in check.layers:
        if not layer.ok and layer.layer not in blamed:
            notes.append(Text(f"{layer.layer}: {layer.part} is wrong (by {layer.error:.1e}, taken alone)"))
    small = sum(block.below_floor for block in check.blocks if block.verdict is not Verdict.ZERO)
    if small:
        text = f"{small} slopes are too small beside the cost for differences; autodiff decides there"
        notes.append(Text(text, style="dim"))
    return notes


def _values(block: BlockCheck) -> str:
    if block.verdict is not Verdict.WRONG or block.analytic is None:
        return ""
    return f"\n    at {block.worst_index}: {block.analytic:.10g} came, {block.reference:.10g} is right"


def _probed(block: BlockCheck) -> str:
    return f"{block.probed}+{block.directions}" if block.directions else str(block.probed)


def _index(block: BlockCheck) -> str:
    if block.worst_index is None or block.verdict is Verdict.ZERO:
        return "-"
    return ",".join(map(str, block.worst_index))


def _error(block: BlockCheck, error: float | None) -> str:
    return "-" if error is None or block.verdict is Verdict.ZERO else f"{error:.1e}"
