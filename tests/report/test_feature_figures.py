"""Pictures of learned features and of mistakes in the report."""

import base64
import io
import json
import re

import matplotlib.image
import numpy as np
import pytest

from pages import Reader
from shoal.report import render
from shoal.report.figures import draw_figures
from shoal.report.figures.images import image_colours, image_grid, signed_colours
from shoal.report.summary import summarize
from synthetic import make_result


def featured(channels=3, units=(7, 4), cells=1, convolution=False, components=None):
    """A result with features of 8 units, two of them kept; the first is one bright pixel."""
    result = make_result(("batch_norm",) if cells > 1 else (), 2, steps=2)
    pictures = np.zeros((cells, len(units), 3, 4, channels), np.float32)
    pictures[:, :, 0, 0] = 1e-4
    dims = ("feature_cell", "feature_unit", "feature_row", "feature_column", "feature_channel")
    result["feature_trained"], result["feature_untrained"] = (dims, pictures), (dims, pictures)
    levels = [{"network.batch_norm": "true"}, {"network.batch_norm": "false"}] if cells > 1 else [{}]
    about = [
        {
            "cell": level, "seed": 0, "layer": "affine_1", "convolution": convolution, "scaling": "feature",
            "components": components, "shape": [8, 3, 4, channels], "units": list(units),
        }
        for level in levels
    ]  # fmt: skip
    return result.assign_attrs(feature_cells=json.dumps(about))


def mistaken(channels=1):
    """A result with three mistakes of dark images that get brighter."""
    result = make_result((), 2, steps=2)
    images = np.stack([np.full((4, 4, channels), 40 * i, np.uint8) for i in range(3)])
    dims = ("mistake", "image_row", "image_column", "image_channel")
    result["mistake_image"] = (dims, images, {"low": 0.0, "high": 80.0})
    result["mistake_index"] = ("mistake", [5, 3, 9])
    result["mistake_probability"] = ("mistake", [0.99, 0.98, 0.7])
    result["mistake_true"] = ("mistake", np.array(["zero", "one", "a<b"], dtype=object))
    result["mistake_predicted"] = ("mistake", np.array(["six", "two", "nine"], dtype=object))
    return result.assign_attrs(mistake_seed=0)


def groups(result):
    return {group.name: group for group in draw_figures(summarize(result))}


def picture(svg):
    """The one picture in a drawing, (rows, columns, 3) in 0 .. 1."""
    (content,) = re.findall(r"data:image/png;base64,([^\"]+)", svg)
    read = matplotlib.image.imread(io.BytesIO(base64.b64decode(content.replace("\n", ""))))
    return read[..., :3]


def test_a_result_without_images_has_neither():
    assert not {"features", "mistakes"} & set(groups(make_result((), 2, steps=2)))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_trained_unit_stands_beside_its_untrained_self(channels):
    group = groups(featured(channels))["features"]
    assert [drawn.title for drawn in group.drawings] == ["trained", "before training"]
    assert picture(group.drawings[0].svg).shape == (3, 9, 3)


def test_each_cell_has_both_pictures_the_best_first():
    group = groups(featured(cells=2))["features"]
    assert [drawn.title for drawn in group.drawings] == [
        "batch norm on: trained",
        "batch norm on: before training",
        "batch norm off: trained",
        "batch norm off: before training",
    ]


def test_the_caption_says_which_units_how_scaled_and_whose():
    caption = groups(featured(components=60))["features"].caption
    for words in (
        "mid-grey is zero", "a scale of its own", "through principal components and standardization",
        "The 2 of 8 units with the largest weights", "seed 0",
    ):  # fmt: skip
        assert words in caption
    assert "A picture is a kernel" in groups(featured(1, convolution=True))["features"].caption


def test_zero_is_grey_or_white_and_signs_are_opposite():
    weights = np.array([[[0.0], [2.0], [-2.0]]])
    (zero, up, down), colour = signed_colours(weights)[0], signed_colours(np.repeat(weights, 3, axis=2))[0]
    assert zero.min() > 0.95
    assert up[0] > up[2]
    assert down[2] > down[0]
    np.testing.assert_allclose(colour[:, 0], [0.5, 1, 0])
    np.testing.assert_allclose(signed_colours(np.zeros((2, 2, 3))), 0.5)


def test_one_large_weight_does_not_grey_the_others_and_a_single_one_is_seen():
    weights = np.full((20, 20, 3), 1.0)
    weights[0, 0] = 1000
    assert signed_colours(weights)[5, 5, 0] == 1
    alone = np.zeros((20, 20, 3))
    alone[3, 3] = -1e-9
    np.testing.assert_allclose(signed_colours(alone)[3, 3], 0)


def test_examples_are_black_at_the_lowest_and_white_at_the_highest_value():
    colours = image_colours(np.array([[[3.0], [5.0], [7.0]]]), 3, 7)
    np.testing.assert_allclose(colours[0], [[0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 1]])
    assert image_colours(np.full((2, 2, 1), 4.0), 4, 4).max() == 0


def test_tiles_fill_rows_with_white_between():
    page = image_grid([np.zeros((2, 3, 3))] * 3, columns=2, gap=1, below=2)
    assert page.shape == (2 * 5 - 1, 7, 3)
    assert (page[:2, :3] == 0).all()
    assert (page[:, 3] == 255).all()
    assert (page[5:7, 4:] == 255).all()


def test_mistakes_say_what_was_named_how_surely_and_what_it_is():
    drawn = groups(mistaken())["mistakes"].drawings[0]
    for text in (">six 99<", ">is zero<", ">nine 70<", ">is a&lt;b<"):
        assert text in drawn.svg
    assert "zero taken for six (99 %)" in drawn.svg
    assert "The 3 test examples that the network, seed 0 is surest of" in drawn.caption
    assert picture(drawn.svg).min() == 0


def test_the_page_is_whole_with_pictures():
    result = featured().merge(mistaken(), compat="override", combine_attrs="drop_conflicts")
    page = Reader(render(result))
    assert {"features", "mistakes"} <= set(page.ids)
    assert "Learned features" in page.words
