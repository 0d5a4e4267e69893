"""The curve of explained variance."""

import json

import numpy as np

from pages import Reader
from shoal.report import render
from shoal.report.figures import draw_figures
from shoal.report.summary import summarize
from synthetic import make_result


def reduced(*scalings, kept=((2, 0.75),)):
    """A result with a basis of 4 components for each standardization."""
    result = make_result((), 2, steps=2)
    ratios = np.tile([0.5, 0.25, 0.15, 0.1], (len(scalings), 1))
    result["explained_variance_ratio"] = (("pca_basis", "pca_component"), ratios)
    every = [{"components": count, "variance_kept": share} for count, share in kept]
    bases = [{"data": "digits", "scaling": s, "shape": [8, 8, 1], "kept": every} for s in scalings]
    return result.assign_attrs(pca_bases=json.dumps(bases))


def variance(result):
    groups = {group.name: group for group in draw_figures(summarize(result))}
    return groups["variance"].drawings[0] if "variance" in groups else None


def test_a_result_without_components_has_no_such_figure():
    assert variance(make_result((), 2, steps=2)) is None


def test_the_chosen_numbers_are_marked_and_said():
    drawn = variance(reduced("feature", kept=((1, 0.5), (2, 0.75))))
    assert "Of 4, 1 component holds 50.0 %, 2 components hold 75.0 % of the variance." in drawn.caption
    for text in (" 1: 50.0 %", " 2: 75.0 %", "variance held together (%)", "principal components, largest"):
        assert text in drawn.svg
    assert drawn.legend == ()


def test_each_basis_has_a_line_and_a_name():
    drawn = variance(reduced("feature", "mean_image"))
    assert [key.text for key in drawn.legend] == [
        "digits, standardize feature",
        "digits, standardize mean_image",
    ]
    assert len({key.colour for key in drawn.legend}) == 2


def test_the_page_leads_to_the_figure():
    page = Reader(render(reduced("feature")))
    assert "variance" in page.ids
    assert "Principal components" in page.words
