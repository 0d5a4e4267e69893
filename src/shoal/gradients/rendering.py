"""How a result shows itself in a terminal, as text and in a notebook.

A result is data and imports no page: the module that draws it registers its functions here.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType


class Rendered:
    """A result with a page of its own: printing it gives the page."""

    def __rich__(self) -> RenderableType:
        return render(self)

    def __str__(self) -> str:
        return plain_text(self)

    def _repr_html_(self) -> str:
        return to_html(self)


@singledispatch
def render(result: Any) -> RenderableType:
    """The page of a result for Rich's console. Raises TypeError for one that has none."""
    raise TypeError(f"{type(result).__name__} has no page")


@singledispatch
def plain_text(result: Any) -> str:
    """The page of a result as text without colours."""
    raise TypeError(f"{type(result).__name__} has no page")


@singledispatch
def to_html(result: Any) -> str:
    """The page of a result as HTML that stands in a notebook."""
    raise TypeError(f"{type(result).__name__} has no page")
