"""Figures as SVG inside a page, and groups of figures under one heading.

Text is kept as text, identifiers are unique, and the same figure gives the same bytes every time.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from html import escape

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from shoal.report.style import fit

_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_PIXELS_PER_POINT = 96 / 72


@dataclass(frozen=True)
class Key:
    """One entry of a legend, drawn by the page beside the figures: it wraps where they are narrow."""

    text: str
    colour: str
    dash: str = ""
    marker: str = ""


@dataclass(frozen=True)
class Drawing:
    """A figure for the page: `title` and `description` are read aloud, `caption` stands below."""

    svg: str
    title: str
    caption: str = ""
    legend: tuple[Key, ...] = ()


def to_drawing(
    figure: Figure, name: str, title: str, description: str, caption: str = "", legend: tuple[Key, ...] = ()
) -> Drawing:
    """Draw a figure. `name` is unique in the page and begins every identifier in the SVG."""
    fit(figure)
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata=_METADATA)  # draws once, where savefig draws twice
    return Drawing(_inline(buffer.getvalue(), name, title, description), title, caption, legend)


def prefixed(drawing: Drawing, prefix: str) -> Drawing:
    """The drawing with other identifiers, for a page that shows several results."""

    def renamed(found: re.Match[str]) -> str:
        return found.group(1) + " ".join(f"{prefix}-{name}" for name in found.group(2).split(" "))

    svg = re.sub(r'((?:\bid|aria-labelledby)=")([^"]+)', renamed, drawing.svg)
    return replace(drawing, svg=re.sub(r'(url\(#|href="#)([^")]+)', renamed, svg))


def _inline(text: str, name: str, title: str, description: str) -> str:
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", lambda tag: _own_tag(tag.group(), name), text)
    head_end = text.index(">")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text[:head_end])
    assert size is not None
    width, height = (float(size.group(i)) * _PIXELS_PER_POINT for i in (1, 2))
    head = (
        f'<svg viewBox="0 0 {size.group(1)} {size.group(2)}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    )
    body = text[head_end + 1 :]
    return re.sub(r"\s*\n\s*", "\n", head + body).strip()


def _own_tag(tag: str, name: str) -> str:
    """One tag with its identifiers made unique to the figure and its numbers cut to 1/100 of a point."""
    if tag.startswith("<svg"):
        return tag
    if tag.startswith("<g "):
        tag = re.sub(r' id="[^"]*"', "", tag)  # nothing refers to a group
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r"url\(#", f"url(#{name}-", tag)
    tag = re.sub(r'xlink:href="#', f'href="#{name}-', tag)
    tag = tag.replace("xlink:href", "href")
    if "transform" in tag or "<image" in tag:
        return tag
    return re.sub(r"(\d+\.\d\d)\d+", r"\1", tag)


@dataclass(frozen=True)
class Group:
    """Figures under one heading with one legend; `folded` ones open on a click."""

    name: str
    heading: str
    drawings: tuple[Drawing, ...]
    legend: tuple[Key, ...] = ()
    caption: str = ""
    folded: bool = False

    @property
    def narrow(self) -> bool:
        """Whether it leaves room for another beside it."""
        return len(self.drawings) == 1 and not self.folded
