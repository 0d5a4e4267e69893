import ast
from pathlib import Path

import shoal.report


def test_public_names_are_those_exported_explicitly():
    tree = ast.parse(Path(shoal.report.__file__).read_text())
    names = {alias.asname for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names == {"print_summary", "render", "sentences", "summary_table", "write_report"}
    assert all(hasattr(shoal.report, name) for name in names)
