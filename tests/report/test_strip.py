import re

import pytest

from shoal.report.strip import MARGIN, WIDTH, strip, strip_scale
from shoal.report.summary import summarize
from synthetic import make_result


def test_all_rows_share_a_scale_from_the_lowest_to_the_highest_seed():
    rows = summarize(make_result(("l2",), 3)).rows
    scale = strip_scale(rows)
    assert scale.place(scale.low) == MARGIN
    assert scale.place(scale.high) == WIDTH - MARGIN
    assert scale.place(-5.0) == MARGIN


def test_a_dot_for_each_seed_a_bar_and_a_tick():
    rows = summarize(make_result(("l2",), 3)).rows
    svg = strip(rows[0], "validation_accuracy", strip_scale(rows))
    assert svg.count("<circle") == 3
    assert svg.count("<rect") == 2
    centres = [float(x) for x in re.findall(r'cx="([\d.]+)"', svg)]
    assert centres == sorted(centres)


def test_one_seed_has_no_bar():
    rows = summarize(make_result(("l2",), 1)).rows
    svg = strip(rows[0], "validation_accuracy", strip_scale(rows))
    assert (svg.count("<circle"), svg.count("<rect")) == (1, 1)


@pytest.mark.parametrize("result", [make_result((), 1)])
def test_nothing_to_compare_is_no_strip(result):
    assert strip_scale(summarize(result).rows) is None
    assert strip_scale([]) is None
