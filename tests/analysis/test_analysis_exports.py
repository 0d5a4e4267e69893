import ast
from pathlib import Path

import shoal.analysis


def test_public_names_are_those_exported_explicitly():
    tree = ast.parse(Path(shoal.analysis.__file__).read_text())
    names = {alias.asname for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names == {
        "Curve", "Difference", "Factor", "FactorEffect", "Finding", "Health", "Interval", "PairMeans",
        "Ranking", "Row", "Rule", "by_cell", "cell_levels", "curves", "factor_effects", "factors",
        "final_values", "find_cell", "health", "holm", "last_recorded", "level_means", "mean_interval",
        "pair_means", "paired_difference", "rank_cells", "ranking_metric", "rows", "t_intervals", "time_axis",
        "wilson",
    }  # fmt: skip
    assert all(hasattr(shoal.analysis, name) for name in names)
