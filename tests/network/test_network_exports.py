"""What the room of networks hands out."""

import ast
from pathlib import Path

import shoal.network

EXPORTS = [
    "ByLayer",
    "Costs",
    "Network",
    "batch_statistics_by_chunks",
    "by_name",
    "compose",
    "compose_layers",
    "given_parameters",
    "number_names",
    "parameter_count",
    "parameter_names",
    "summarize",
]


def test_exports_are_these_and_no_others():
    tree = ast.parse(Path(shoal.network.__file__).read_text())
    imported = [alias for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert all(alias.name == alias.asname for alias in imported)
    assert sorted(alias.name for alias in imported) == EXPORTS
