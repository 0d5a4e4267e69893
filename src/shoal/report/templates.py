"""The page's templates and the filters that they use."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from shoal.text import printable_lines


@cache
def template(name: str) -> Template:
    """A page's template, our own filters with it."""
    environment = Environment(
        loader=PackageLoader("shoal.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["svg"] = Markup  # our own drawings, whose text is escaped where it is drawn
    environment.filters["prose"] = _prose
    return environment.get_template(name)


def _shown(value: Any) -> Any:
    """What a page is given to show: text of others has its unseen characters escaped; HTML is ours."""
    return printable_lines(value) if type(value) is str else value


def _prose(text: str) -> Markup:
    """Escaped text in which numbers stay in one piece: 52.91 ± 0.41 %, 1e-5."""
    kept = escape(
        printable_lines(text)
        .replace(" ± ", "\u00a0±\u00a0")
        .replace(" %", "\u00a0%")
        .replace("p = ", "p\u00a0=\u00a0")
    )
    return Markup(re.sub(r"\b[\d.]+e-\d+", r'<span class="whole">\g<0></span>', str(kept)))
