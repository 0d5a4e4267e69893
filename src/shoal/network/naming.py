"""Names for the layers of a chain, and the name of the layer that an error comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from shoal.errors import NetworkError


def number_names(kinds: Iterable[str]) -> tuple[str, ...]:
    """Each kind with its number among its own, from 1: affine, relu, affine -> affine_1, relu_1, affine_2."""
    seen: Counter[str] = Counter()
    return tuple(next_name(seen, kind) for kind in kinds)


def next_name(seen: Counter[str], kind: str) -> str:
    """The name of the next layer of a kind, which is counted in `seen`."""
    seen[kind] += 1
    return f"{kind}_{seen[kind]}"


@contextmanager
def naming(layer: str) -> Iterator[None]:
    """Put the layer's name in front of a NetworkError that is raised inside."""
    try:
        yield
    except NetworkError as error:
        raise NetworkError(f"{layer}: {error.what}", error.remedy) from None
