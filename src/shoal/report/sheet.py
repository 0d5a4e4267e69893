"""A group of figures as one SVG file, legend and titles in it, for pages that are not ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from shoal.report.figures import Group
from shoal.report.style import INK, MUTED
from shoal.report.svg import Drawing, Key

WIDTH, EDGE, GAP = 800, 8, 16  # pixels: two panels side by side
LINE, TITLE = 22, 28  # heights of a legend's line and of a panel's title
LETTER = 6.6  # pixels that a letter of 12 pixels takes on average, a little generous; bold ones a fifth more
FONT = 'font-family="\'DejaVu Sans\', Verdana, sans-serif" fill="%s"'


def svg_page(group: Group, label: str = "") -> str:
    """The drawings in rows, each under its title and its own legend; the group's legend above all.
    `label` is what must be said beside every figure: it stands first.

    The file stands alone: white ground, no style sheet, no script.
    """
    body: list[str] = []
    top = float(EDGE)
    if label:
        body.append(
            f'<text x="{EDGE}" y="{top + 14:.0f}" font-size="12" {FONT % MUTED}>{escape(label)}</text>'
        )
        top += LINE
    keys, top = _legend(group.legend, EDGE, top, WIDTH - 2 * EDGE)
    body += keys
    left, height, top = float(EDGE), 0.0, top + EDGE
    for drawing in group.drawings:
        width = _size(drawing)[0]
        if left > EDGE and left + width > WIDTH:
            left, top, height = float(EDGE), top + height + GAP, 0.0
        parts, used = _panel(drawing, left, top, titled=len(group.drawings) > 1)
        body += parts
        left, height = left + width + GAP, max(height, used)
    total = top + height + EDGE
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total:.0f}" width="{WIDTH}" '
        f'height="{total:.0f}" role="img"><title>{escape(group.heading)}</title>'
        f'<rect width="{WIDTH}" height="{total:.0f}" fill="#fff"/>'
    )
    return "\n".join([head, *body, "</svg>"]) + "\n"


def _panel(drawing: Drawing, left: float, top: float, titled: bool) -> tuple[list[str], float]:
    """One drawing placed, and the height that it takes."""
    parts, at = [], top
    width, height = _size(drawing)
    if titled:
        size = min(14.0, 12 * width / (1.2 * LETTER * len(drawing.title)))
        parts.append(
            f'<text x="{left:.0f}" y="{at + 17:.0f}" font-size="{size:.1f}" font-weight="600" {FONT % INK}>'
            f"{escape(drawing.title)}</text>"
        )
        at += TITLE
    keys, at = _legend(drawing.legend, left, at, width)
    placed = drawing.svg.replace("<svg ", f'<svg x="{left:.0f}" y="{at:.0f}" ', 1)
    return [*parts, *keys, placed], at + height - top


def _legend(keys: Sequence[Key], left: float, top: float, width: float) -> tuple[list[str], float]:
    """Entries side by side, in lines no wider than `width`; and where what follows begins."""
    parts, x, y = [], left, top
    for key in keys:
        length = 42 + LETTER * len(key.text)
        if x > left and x + length > left + width:
            x, y = left, y + LINE
        dash = f' stroke-dasharray="{key.dash}"' if key.dash else ""
        parts.append(
            f'<line x1="{x:.0f}" y1="{y + 10:.0f}" x2="{x + 32:.0f}" y2="{y + 10:.0f}" '
            f'stroke="{key.colour}" stroke-width="2.4"{dash}/>'
            f'<text x="{x + 40:.0f}" y="{y + 14:.0f}" font-size="12" {FONT % INK}>{escape(key.text)}</text>'
        )
        x += length + GAP
    return parts, y + LINE if keys else top


def _size(drawing: Drawing) -> tuple[float, float]:
    """Width and height in pixels, as the drawing itself says."""
    found = re.search(r'width="(\d+)" height="(\d+)"', drawing.svg)
    assert found is not None
    return float(found.group(1)), float(found.group(2))
