"""Health on the page and in the terminal: a verdict, a line for each rule, pictures of the layers."""

import io

import numpy as np
import pytest
from rich.console import Console

from pages import Reader
from shoal.report import print_summary, render
from shoal.report.figures import draw_figures
from shoal.report.figures.layers import chosen_cells, evenly
from shoal.report.figures.violins import outline, violins_of
from shoal.report.health import health_lines, sicknesses
from shoal.report.summary import summarize
from sick_results import healthy, put
from synthetic import make_result


def sick():
    return put(healthy(("batch_norm", "l2")), "dead_fraction", 0.75, "relu_1", batch_norm=True)


def test_a_line_says_where_a_rule_holds_how_bad_it_is_and_what_to_do():
    verdict, line = health_lines(summarize(sick()))
    assert verdict == "Health: 8 of 16 networks show dying units."
    assert line.startswith("Dying units: 8 of 16 networks, in 4 of 8 cells (batch norm on, L2 ")
    assert "; …); worst: dead units 75% in relu_1 at step 0, seed 0 (batch norm on, L2 " in line
    assert "Lower the rate" in line


def test_one_network_is_not_counted():
    result = put(healthy((), 1), "dead_fraction", 0.75, "relu_1")
    assert health_lines(summarize(result))[0] == "Health: The network shows dying units."
    (one,) = sicknesses(summarize(result))
    assert one.line == "dead units 75% in relu_1 at step 0."


def test_the_page_has_the_verdict_first_and_each_cell_of_a_rule():
    words = Reader(render(sick())).words
    assert words.index("8 of 16 networks show dying units.") < words.index("Dying units 8 of 16 networks")
    assert "See docs/health.md#dying-units." in words
    assert "Learning curves" in words


def test_the_terminal_says_the_same():
    console = Console(width=200, record=True, file=io.StringIO())
    print_summary(sick(), console)
    text = console.export_text()
    assert "Health: 8 of 16 networks show dying units." in text
    assert "\nDying units: " in text


def test_without_health_there_are_no_pictures_of_layers():
    names = {group.name for group in draw_figures(summarize(make_result(("l2",), 2, steps=2)))}
    assert not names & {"layers", "layer-gradients", "layer-outputs", "batch-norm"}


def test_with_health_each_measure_and_each_kind_of_violin_is_drawn_with_its_unit():
    groups = {group.name: group for group in draw_figures(summarize(healthy(("batch_norm",))))}
    assert {"layers", "layer-gradients", "layer-outputs", "batch-norm"} <= groups.keys()
    drawn = "".join(
        d.svg for name in ("layers", "layer-gradients", "batch-norm") for d in groups[name].drawings
    )
    for label in (
        "norm of the weight gradient (nat)", "next update / weights (norms)", "standard deviation of outputs",
        "dead ReLU units (%)", "saturated outputs (%)", "weight gradients (nat)", "gamma", "beta",
        "running mean", "running variance", "step (batches seen)",
    ):  # fmt: skip
        assert f">{label}</text>" in drawn, label


def test_four_cells_are_all_shown():
    summary = summarize(healthy(("l2",)))
    assert sorted(chosen_cells(summary)) == list(range(4))


def test_three_cells_are_shown_of_many_the_best_the_sickest_and_the_worst():
    result = put(healthy(("l2", "batch_norm")), "dead_fraction", 0.75, "relu_1", l2=0.1, batch_norm=False)
    result["validation_accuracy"].values[..., -1] += 1e-3 * np.arange(8).reshape(4, 2, 1)
    summary = summarize(result)
    assert chosen_cells(summary)[1] == next(f.cell for f in summary.health.findings)
    assert [chosen_cells(summary)[i] for i in (0, -1)] == [summary.ranking.order[i] for i in (0, -1)]
    assert evenly([str(i) for i in range(20)], 4) == ["0", "6", "13", "19"]


def test_violins_are_means_of_quantiles_over_seeds_at_the_first_middle_and_last_record():
    result = healthy((), 2)
    result["gradient_quantile"].values[1] *= 3
    found = violins_of(summarize(result), "gradient_quantile", 0)
    assert found.steps == [0, 200, 300]
    assert found.layers == ["affine_1", "affine_2", "affine_3"]
    np.testing.assert_allclose(found.values[0, 0], 2 * result["gradient_quantile"].values[0, 0, 0])
    outputs = violins_of(summarize(result), "activation_quantile", 0)
    assert outputs.layers == ["relu_1", "tanh_1", "affine_3"]  # what the next map sees, and the scores


def test_the_outline_of_a_violin_is_the_density_between_its_quantiles():
    from scipy.special import ndtri

    p = np.array([0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
    y, width = outline(p, ndtri(p))
    assert (y[0], y[-1]) == pytest.approx((ndtri(0.01), ndtri(0.99)))
    inner = np.abs(y) < 1.2
    np.testing.assert_allclose(width[inner], np.exp(-(y[inner] ** 2) / 2), atol=0.15)
    _, spiked = outline(p, np.array([0, 0, 0, 0, 0, 0.5, 1.0, 1.5, 2.0]))  # half of a ReLU's outputs
    assert np.isfinite(spiked).all()
    assert (spiked[40:] > 0.02).any()


def test_the_rate_stands_above_the_loss_that_it_shapes():
    (drawn,) = next(g for g in draw_figures(summarize(healthy((), 2))) if g.name == "schedule").drawings
    assert drawn.title == "Learning rate and training loss"
    assert drawn.svg.index(">learning rate</text>") < drawn.svg.index(">training loss (nat)</text>")
