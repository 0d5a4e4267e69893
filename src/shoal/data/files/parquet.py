"""Parquet tables through pyarrow, which is asked for only when a study names one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from shoal.data.files.arrays import RawArrays
from shoal.data.files.tables import listed, missing_labels, missing_values, target_column
from shoal.data.limits import open_named, refuse_long_labels, refuse_oversized
from shoal.errors import DataError


def read(path: Path, target: str | None) -> RawArrays:
    """Features (N, D), in the order of their columns, and labels. Raises `DataError`."""
    arrow = _arrow()
    try:
        table, left_out = _table(arrow, path, target)
    except DataError:
        raise
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is damaged or no Parquet file: {error}", "save it again") from error
    column = target_column(str(path), table.column_names, target)
    features = [name for i, name in enumerate(table.column_names) if i != column]
    _refuse_kinds(arrow, path, table, features)
    _refuse_missing(path, table, features)
    x = np.empty((table.num_rows, len(features)), np.float32)
    for i, name in enumerate(features):
        x[:, i] = _numbers(path, name, table[name])
    y = _labels(arrow, path, table.column_names[column], table.column(column))
    return RawArrays(x, y, notes=left_out, y_name=f"target {table.column_names[column]!r}")


def _arrow() -> Any:
    try:
        arrow = import_module("pyarrow")
        import_module("pyarrow.parquet")
    except ImportError:
        raise DataError(
            "Parquet files are read with pyarrow, which is not installed", "pip install 'shoal[parquet]'"
        ) from None
    return arrow


def _table(arrow: Any, path: Path, target: str | None) -> tuple[Any, tuple[str, ...]]:
    """The table without the index that pandas kept in it, and a note on that."""
    with open_named(path) as raw, arrow.parquet.ParquetFile(raw) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
        target_column(str(path), schema.names, target)
        refuse_oversized(str(path), (rows, len(schema.names)), 8)
        if rows == 0:
            raise DataError(f"{path} has columns and no rows", "save a table with an example in each row")
        kept = (schema.pandas_metadata or {}).get("index_columns", [])
        index = [name for name in kept if isinstance(name, str) and name in schema.names and name != target]
        table = file.read()
    note = (f"the pandas index {listed(index)} of {path.name} was left out",) if index else ()
    return table.drop_columns(index), note


def _refuse_kinds(arrow: Any, path: Path, table: Any, features: list[str]) -> None:
    kinds = arrow.types
    numeric = (kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_decimal)
    other = [name for name in features if not any(is_kind(table[name].type) for is_kind in numeric)]
    if other:
        many = f"columns {listed(other)} hold" if other[1:] else f"column {other[0]!r} holds"
        value = table[other[0]][0].as_py()
        raise DataError(
            f"{path}: {many} {table[other[0]].type}, as {value!r:.40} in row 1; features are numbers",
            "write such a column as numbers (0 and 1 for each of its words), or leave it out",
        )


def _refuse_missing(path: Path, table: Any, features: list[str]) -> None:
    counts = {name: table[name].is_null(nan_is_null=True) for name in features}
    holes = {name: nulls.to_numpy() for name, nulls in counts.items() if any(nulls.to_numpy())}
    if holes:
        first = min(holes, key=lambda name: int(np.argmax(holes[name])))
        row = int(np.argmax(holes[first])) + 1
        count = sum(int(nulls.sum()) for nulls in holes.values())
        raise missing_values(str(path), len(holes), count, f"in column {first!r}, row {row}")


def _numbers(path: Path, name: str, column: Any) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = np.asarray(column.to_numpy()).astype(np.float32)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise DataError(
            f"{path}, column {name!r}, row {row + 1}: {column[row].as_py()} is no finite 32-bit number",
            "correct it, or leave the row out",
        )
    return values


def _labels(arrow: Any, path: Path, name: str, column: Any) -> np.ndarray:
    kinds = arrow.types
    if kinds.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    nulls = column.is_null(nan_is_null=True).to_numpy()
    if nulls.any():
        first = f"in row {int(np.argmax(nulls)) + 1}"
        raise missing_labels(str(path), name, int(nulls.sum()), len(nulls), first)
    if kinds.is_string(column.type) or kinds.is_large_string(column.type):
        texts = column.to_pylist()
        refuse_long_labels(f"{path}, target {name!r}", len(texts), max(map(len, texts)))
        return np.array(texts)
    if kinds.is_integer(column.type) or kinds.is_floating(column.type) or kinds.is_boolean(column.type):
        return np.asarray(column.to_numpy())
    raise DataError(
        f"{path}: the target {name!r} holds {column.type}", "give whole numbers or text as labels"
    )
