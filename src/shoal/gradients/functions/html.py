"""A black-box check for a notebook: one small piece of HTML, on light and dark pages alike."""

from __future__ import annotations

from html import escape

from shoal.gradients import rendering
from shoal.gradients.functions.page import HEADINGS, block_note, columns, facts, headline, values
from shoal.gradients.functions.result import BlockResult, FunctionCheck
from shoal.gradients.verdict import COLOURS, Verdict

_CELL = "padding:2px 10px 2px 0;text-align:{};white-space:nowrap;border:0;background:transparent"


@rendering.to_html.register(FunctionCheck)
def to_html(check: FunctionCheck) -> str:
    """Verdict, findings, table, notes. Takes the page's own colours for text and background."""
    word, colour = ("right", COLOURS[Verdict.OK]) if check.ok else ("WRONG", COLOURS[Verdict.WRONG])
    head = f'<b>gradients</b> <b style="color:{colour}">{word}</b> {escape(headline(check))}'
    parts = [
        f"<div>{head}</div>",
        f'<div style="opacity:.7">{escape(facts(check))}</div>',
        *(f"<div>{'note: ' if f.harmless else '&rarr; '}{escape(f.sentence)}</div>" for f in check.findings),
        _table(check),
        *(_notes(block) for block in check.blocks),
        *(f'<div style="opacity:.7">{escape(note)}</div>' for note in check.notes),
    ]
    return f'<div style="font-family:monospace;line-height:1.5">{"".join(parts)}</div>'


def _table(check: FunctionCheck) -> str:
    rows = [_row("th", HEADINGS, "")]
    rows += [_row("td", columns(block), COLOURS[block.verdict]) for block in check.blocks]
    return f'<table style="border-collapse:collapse;margin:6px 0">{"".join(rows)}</table>'


def _row(tag: str, cells: tuple[str, ...], colour: str) -> str:
    made = []
    for i, cell in enumerate(cells):
        last = i == len(cells) - 1
        style = _CELL.format("right" if i >= 2 and not last else "left")
        if last and colour:
            style += f";color:{colour};font-weight:bold"
        made.append(f'<{tag} style="{style}">{escape(cell)}</{tag}>')
    return f"<tr>{''.join(made)}</tr>"


def _notes(block: BlockResult) -> str:
    lines = [block_note(block)] if block_note(block) else []
    if block.verdict is Verdict.WRONG:
        lines += [values(entry) for entry in block.worst]
    return "".join(f"<div>{escape(line)}</div>" for line in lines)
