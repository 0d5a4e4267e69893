"""Names for the layers of a chain, and the name of the layer that an error comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from shoal.errors import NetworkError


def number_names(kinds: Iterable[str]) -> tuple[str, ...]:
    """Each kind with its number among its own, from 1: affine, relu, affine -> affine_1, relu_1, affine_2."""
    seen: Counter[str] = Counter()
    names = []
    for kind in kinds:
        seen[kind] += 1
        names.append(f"{kind}_{seen[kind]}")
    return tuple(names)


@contextmanager
def naming(layer: str) -> Iterator[None]:
    """Put the layer's name in front of a NetworkError that is raised inside."""
    try:
        yield
    except NetworkError as error:
        raise NetworkError(f"{layer}: {error.what}", error.remedy) from None
