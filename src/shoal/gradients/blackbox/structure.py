"""A structure of arrays as a list of named blocks, and back.

{"layers": [{"W": ..., "b": ...}]}   <->   layers[0].W, layers[0].b
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

WHOLE = "parameters"  # what a structure that is one array calls it


def walk(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves with their paths, in order. Of what is None, too."""
    if isinstance(tree, Mapping):
        for key, part in tree.items():
            yield from walk(part, _join(path, key))
    elif isinstance(tree, (list, tuple)):
        for i, part in enumerate(tree):
            yield from walk(part, f"{path or WHOLE}[{i}]")
    else:
        yield path or WHOLE, tree


def rebuild(tree: Any, leaves: Iterator[Any]) -> Any:
    """A structure like `tree` with `leaves` in place of its own, in the order of `walk`; None stays None."""
    if isinstance(tree, Mapping):
        parts = {key: rebuild(part, leaves) for key, part in tree.items()}
        if type(tree) is dict or not isinstance(tree, dict):
            return parts
        filled = copy.copy(tree)  # an OrderedDict, a defaultdict
        filled.update(parts)
        return filled
    if isinstance(tree, (list, tuple)):
        made = [rebuild(part, leaves) for part in tree]
        if isinstance(tree, list):
            return made
        return type(tree)(*made) if hasattr(tree, "_fields") else tuple(made)
    return None if tree is None else next(leaves)


def _join(path: str, key: Any) -> str:
    if isinstance(key, str) and key and not set(key) & set(" .[]'\"\n"):
        return f"{path}.{key}" if path else key
    return f"{path or WHOLE}[{key!r}]"
