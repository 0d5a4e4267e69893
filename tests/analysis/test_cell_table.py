import numpy as np
import pytest

from shoal.analysis import rows
from synthetic import make_result


def test_rows_are_sorted_by_validation_with_every_measure():
    table = rows(make_result(("batch_norm", "l2")))
    means = [row.measures["validation_accuracy"].mean for row in table]
    assert means == sorted(means, reverse=True)
    assert [row.rank for row in table] == list(range(1, 9))
    assert table[0].best
    assert not table[1].best
    assert list(table[0].measures) == ["validation_accuracy", "test_accuracy", "train_accuracy"]
    assert table[0].values.shape == (5,)


def test_unfinished_cells_come_last_without_a_rank():
    table = rows(make_result(("l2",), unfinished=((1, 0),)))
    assert table[-1].cell == 1
    assert table[-1].rank is None
    assert (table[-1].finished, table[-1].seeds) == (4, 5)
    assert table[-1].measures["validation_accuracy"].n == 4


def test_diverged_members_are_counted():
    table = {row.cell: row for row in rows(make_result(("l2",), diverged=((2, 0), (2, 1))))}
    assert table[2].diverged == 2
    assert table[1].diverged == 0


def test_ties_are_marked():
    table = rows(make_result(("l2",), effect=0.0, noise=0.02))
    assert {row.tied for row in table[1:]} == {True}
    assert not table[0].tied


def test_without_validation_or_test_data():
    (row,) = rows(make_result((), seeds=1, validation=False, test=False))
    assert list(row.measures) == ["train_accuracy"]
    assert row.measures["train_accuracy"].mean == pytest.approx(float(row.values[0]))
    assert np.isnan(row.measures["train_accuracy"].low)
