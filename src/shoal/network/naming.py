"""Names for the layers of a chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def number_names(kinds: Iterable[str]) -> tuple[str, ...]:
    """Each kind with its number among its own, from 1: affine, relu, affine -> affine_1, relu_1, affine_2."""
    seen: Counter[str] = Counter()
    names = []
    for kind in kinds:
        seen[kind] += 1
        names.append(f"{kind}_{seen[kind]}")
    return tuple(names)
