"""A diagnosis as a piece of HTML for a notebook: it needs nothing from elsewhere, and fits light and dark."""

from __future__ import annotations

from html import escape

from shoal.doctor.page import counts, follow_ups, headline, listed, name_of, place, reasons, remarks, sentence
from shoal.doctor.result import BlockDiagnosis, Cause, Diagnosis, Segment
from shoal.gradients import rendering
from shoal.gradients.verdict import COLOURS, Verdict

_BOX = "border-left:4px solid {};padding:.1em .8em;margin:.6em 0"
_RIGHT, _WRONG, _CHOICE = (COLOURS[v] for v in (Verdict.OK, Verdict.WRONG, Verdict.KINK))


@rendering.to_html.register(Diagnosis)
def to_html(diagnosis: Diagnosis) -> str:
    """Verdict, mistakes and table."""
    colour = _RIGHT if diagnosis.ok else _WRONG
    parts = [
        f'<p><b style="color:{colour}">gradients {escape(headline(diagnosis))}</b><br>'
        f"<small>{escape(counts(diagnosis))}</small></p>",
        *(_cause(diagnosis, k, cause) for k, cause in enumerate(diagnosis.causes, 1)),
        *(_segment(diagnosis, segment) for segment in diagnosis.unexplained),
        _table(diagnosis),
        *(f"<p>{escape(remark)}</p>" for remark in remarks(diagnosis)),
    ]
    return f'<div style="font-family:system-ui,sans-serif;max-width:60em">{"".join(parts)}</div>'


def _cause(diagnosis: Diagnosis, k: int, cause: Cause) -> str:
    others = (
        f"The same numbers here would come from: {', '.join(cause.equivalents)}." if cause.equivalents else ""
    )
    rest = (cause.mistake.remedy, follow_ups(diagnosis, cause), others)
    return (
        f'<div style="{_BOX.format(_CHOICE if cause.harmless else _WRONG)}">'
        f"<b>{k}. {escape(place(diagnosis, cause))} · {escape(cause.mistake.title)}</b><br>"
        f"{escape(sentence(diagnosis, cause))}"
        f"<pre style='margin:.4em 0;white-space:pre-wrap'>{escape(cause.mistake.equation)}</pre>"
        f"{'<br>'.join(escape(text) for text in rest if text)}"
        f"<br><small>{escape(cause.mistake.page)}</small></div>"
    )


def _segment(diagnosis: Diagnosis, segment: Segment) -> str:
    layers = listed([name_of(diagnosis, layer, "dx") for layer in segment.layers])
    blocks = listed([diagnosis.names.get(b, b) for b in segment.blocks])
    shown = f" It shows in {escape(blocks)}." if blocks else ""
    return (
        f'<div style="{_BOX.format(_WRONG)}"><b>{escape(layers)}</b><br>{escape(segment.note)}.{shown}</div>'
    )


def _table(diagnosis: Diagnosis) -> str:
    head = "".join(
        f"<th style='text-align:left'>{h}</th>"
        for h in ("gradient of", "shape", "off by", "at", "came", "true", "verdict", "because of")
    )
    rows = "".join(_row(diagnosis, block) for block in diagnosis.blocks)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(diagnosis: Diagnosis, block: BlockDiagnosis) -> str:
    wrong = block.verdict is Verdict.WRONG
    colour = COLOURS[block.verdict]
    cells = (
        escape(diagnosis.names.get(block.name, block.name)),
        "x".join(map(str, block.shape)),
        f"{block.error:.1e}" if block.error else "-",
        ",".join(map(str, block.worst_index)) if wrong else "-",
        f"{block.came:.6g}" if wrong else "-",
        f"{block.true:.6g}" if wrong else "-",
        f'<b style="color:{colour}">{escape(block.verdict)}</b>',
        reasons(diagnosis, block),
    )
    return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"
