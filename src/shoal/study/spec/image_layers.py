"""Entries of `network.layers` that take images."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainValidator

from shoal.study.spec.base import Table


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _size(value: Any) -> int | tuple[int, int]:
    if _is_whole(value, 1):
        return value
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(_is_whole(v, 1) for v in value):
        return (value[0], value[1])
    raise ValueError(
        f"got {value!r:.70}; expected a whole number above 0, or two for rows and columns ([5, 3])"
    )


def _padding(value: Any) -> str | int | tuple[tuple[int, int], tuple[int, int]]:
    if value in ("valid", "same") or _is_whole(value, 0):
        return value
    if isinstance(value, (list, tuple)) and len(value) == 2:
        sides = tuple(tuple(side) if isinstance(side, (list, tuple)) else () for side in value)
        if all(len(side) == 2 and all(_is_whole(v, 0) for v in side) for side in sides):
            return sides  # pyright: ignore[reportReturnType]
    raise ValueError(
        f'got {value!r:.70}; expected "valid", "same", a whole number for all sides, '
        "or [[top, bottom], [left, right]]"
    )


Size = Annotated[int | tuple[int, int], PlainValidator(_size)]
Padding = Annotated[str | int | tuple[tuple[int, int], tuple[int, int]], PlainValidator(_padding)]


class AveragePoolLayer(Table):
    """The mean of each window of `average_pool` cells. `stride` is by default the window's size."""

    average_pool: Size
    stride: Size | None = None
    padding: Padding = "valid"


class MaxPoolLayer(Table):
    """The largest number of each window of `max_pool` cells; `stride` as for average pooling."""

    max_pool: Size
    stride: Size | None = None
    padding: Padding = "valid"
