"""Entries of `network.layers` that take images."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainValidator

from shoal.study.spec.base import Table, is_whole, shown

MOST_A_SIDE = 1_000_000  # cells of a stride, of padding
MOST_IN_A_WINDOW = 1024  # cells: each is an operation of the compiled program


def _step(value: Any) -> int | tuple[int, int]:
    if is_whole(value, 1, MOST_A_SIDE):
        return value
    if _is_list(value, 2) and all(is_whole(v, 1, MOST_A_SIDE) for v in value):
        return (value[0], value[1])
    raise ValueError(
        f"got {shown(value)}; expected a whole number above 0, or two for rows and columns ([5, 3]), "
        f"of at most {MOST_A_SIDE:,}"
    )


def _size(value: Any) -> int | tuple[int, int]:
    size = _step(value)
    rows, columns = size if isinstance(size, tuple) else (size, size)
    if rows * columns > MOST_IN_A_WINDOW:
        raise ValueError(
            f"got {shown(value)}, {rows * columns:,} cells; expected a window of at most {MOST_IN_A_WINDOW:,}"
        )
    return size


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == length


def _padding(value: Any) -> str | int | tuple[tuple[int, int], tuple[int, int]]:
    if value in ("valid", "same") or is_whole(value, 0, MOST_A_SIDE):
        return value
    if _is_list(value, 2):
        sides = tuple(tuple(side) if isinstance(side, (list, tuple)) else () for side in value)
        if all(len(side) == 2 and all(is_whole(v, 0, MOST_A_SIDE) for v in side) for side in sides):
            return sides  # pyright: ignore[reportReturnType]
    raise ValueError(
        f'got {shown(value)}; expected "valid", "same", a whole number for all sides, '
        f"or [[top, bottom], [left, right]], of at most {MOST_A_SIDE:,}"
    )


Size = Annotated[int | tuple[int, int], PlainValidator(_size)]
Stride = Annotated[int | tuple[int, int], PlainValidator(_step)]
Padding = Annotated[str | int | tuple[tuple[int, int], tuple[int, int]], PlainValidator(_padding)]


class AveragePoolLayer(Table):
    """The mean of each window of `average_pool` cells. `stride` is by default the window's size."""

    average_pool: Size
    stride: Stride | None = None
    padding: Padding = "valid"


class MaxPoolLayer(Table):
    """The largest number of each window of `max_pool` cells; `stride` as for average pooling."""

    max_pool: Size
    stride: Stride | None = None
    padding: Padding = "valid"
