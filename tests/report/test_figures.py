import re

import numpy as np
import pytest

from shoal.analysis import factors, pair_means
from shoal.report.figures import draw_figures
from shoal.report.figures.axes import level_axis, limits
from shoal.report.figures.factor import draw_factor
from shoal.report.figures.learning_curves import choose, curve_caption, has_cost
from shoal.report.figures.pairs import as_lines, draw_heat_map
from shoal.report.figures.rates import distinct_schedules, draw_rate_and_loss
from shoal.report.style import DASHES, MARKERS, PALETTE, drawing
from shoal.report.summary import summarize
from synthetic import make_result


def groups(result):
    return {group.name: group for group in draw_figures(summarize(result))}


def pair(result):
    """The figure of a study of two factors."""
    summary = summarize(result)
    with drawing():
        return draw_heat_map(summary, pair_means(result, *summary.factors), "pair")


def test_axes_are_labelled_with_units():
    drawn = groups(make_result(("l2",), 2, steps=3))
    text = " ".join(
        re.findall(r"<text[^>]*>([^<]*)</text>", "".join(d.svg for g in drawn.values() for d in g.drawings))
    )
    for label in (
        "step (batches seen)", "validation accuracy (%)", "training loss (nat)", "validation cost (nat)",
        "L2 (log scale)", "learning rate", "true class", "predicted class",
    ):  # fmt: skip
        assert label in text, label


def test_every_figure_has_a_title_and_a_description_for_those_who_listen():
    for group in groups(make_result(("batch_norm",), 2, steps=3)).values():
        for drawn in group.drawings:
            title, description = re.search(
                r"<title[^>]*>(.*?)</title><desc[^>]*>(.*?)</desc>", drawn.svg, re.S
            ).groups()
            assert title.strip()
            assert description.strip()
            assert 'role="img"' in drawn.svg


def test_few_cells_are_all_drawn_in_colour_and_many_are_sampled_by_rank():
    few = choose(summarize(make_result(("l2",))))
    assert (len(few.coloured), few.grey) == (4, ())
    summary = summarize(make_result(("batch_norm", "l2", "initial"), 2, steps=2))
    many = choose(summary)
    assert many.coloured[0] == summary.ranking.order[0]
    assert many.coloured[-1] == summary.ranking.order[-1]
    assert len(many.coloured) == 6
    assert len(many.grey) == 18
    assert "6 of 24 cells are in colour" in curve_caption(summary, many)


def test_each_line_differs_in_colour_and_dashes():
    assert len(set(PALETTE)) == len(set(DASHES)) == len(set(MARKERS)) == 6


def test_cost_is_drawn_only_where_it_is_not_the_loss():
    result = make_result(("batch_norm",), 2, steps=2)
    assert has_cost(summarize(result))
    for part in ("train", "validation"):
        result[f"{part}_cost"] = result[f"{part}_loss"]
    assert not has_cost(summarize(result))


def test_pairs_with_few_levels_are_lines_and_others_heat_maps():
    batch_norm, l2, initial = factors(make_result(("batch_norm", "l2", "initial"), 1, steps=2))
    assert as_lines(batch_norm, l2) == (l2, batch_norm)
    assert as_lines(l2, batch_norm) == (l2, batch_norm)
    assert as_lines(l2, initial) == (l2, initial)
    assert as_lines(initial, batch_norm) == (initial, batch_norm)
    (optimizer,) = factors(make_result(("optimizer",), 1, steps=2))
    assert as_lines(l2, optimizer) is None


def test_every_pair_of_three_factors_is_drawn_and_says_what_it_averages():
    pairs = groups(make_result(("batch_norm", "l2", "initial"), 2, steps=2))["pairs"]
    assert len(pairs.drawings) == 3
    assert pairs.drawings[0].caption == "Averaged over initial."
    assert [key.text for key in pairs.drawings[0].legend] == ["batch norm off", "batch norm on"]


def test_a_heat_map_writes_means_and_says_how_wide_the_intervals_are():
    heat_map = pair(make_result(("l2", "optimizer"), 3, steps=2))
    assert len(re.findall(r">±\d", heat_map.svg)) == 16
    assert "Small figures: half the 95 % interval." in heat_map.caption
    wide = {"l2": [10.0**-i for i in range(8)]}
    large = pair(make_result(("optimizer", "l2"), 3, steps=2, levels=wide))
    assert "±" not in large.svg
    assert "points in the middle, at most" in large.caption


@pytest.mark.parametrize(
    ("name", "levels", "kind"),
    [
        ("l2", None, "log"),
        ("dropout", None, "linear"),
        ("dropout", [0.0, 1e-4, 0.5], "places"),
        ("optimizer", None, "places"),
    ],
)
def test_levels_stand_where_they_can_be_read(name, levels, kind):
    result = make_result((name,), 1, steps=2, levels={name: levels} if levels else None)
    (factor,) = factors(result)
    axis = level_axis(factor)
    assert axis.kind == kind
    assert (np.diff(axis.places[list(axis.order)]) > 0).all()
    assert (np.diff(axis.dodged(0, 2)[list(axis.order)]) > 0).all()


def test_an_axis_holds_all_values_but_is_not_blown_up_by_wide_intervals():
    low, high = limits([0.5, 0.6], reach=[-3.0, 4.0], floor=0, ceiling=1)
    assert 0.4 < low < 0.5
    assert 0.6 < high < 0.7
    assert limits([np.nan, np.inf]) == (0.0, 1.0)
    low, high = limits([1.0, 1.0], floor=0.0, ceiling=1.0, least=0.01)
    assert low < 1.0 < high


def test_intervals_that_an_axis_cuts_are_mentioned():
    summary = summarize(make_result(("l2",), 3, steps=6, diverged=((1, 0),)))
    with drawing():
        assert "goes on beyond it" in draw_factor(summary, summary.effects[0], "factor").caption


def test_schedules_are_drawn_once_each_and_named_by_what_differs():
    result = make_result(("batch_norm", "dropout"), 1, steps=4)
    assert len(distinct_schedules(summarize(result))[0]) == 1
    result["learning_rate"].values[:, 1] *= 10
    cells, differing = distinct_schedules(summarize(result))
    assert (len(cells), [factor.name for factor in differing]) == (2, ["dropout"])
    with drawing():
        drawn = draw_rate_and_loss(summarize(result), "schedule")
    assert len(drawn.legend) == 2
    assert any("dropout 0.25" in key.text for key in drawn.legend)


def test_a_rate_that_never_changes_gets_no_picture():
    result = make_result(("l2",), 1, steps=4)
    result["learning_rate"].values[:] = 0.1
    with drawing():
        assert draw_rate_and_loss(summarize(result), "schedule") is None
