import re

from matplotlib.figure import Figure

from shoal.report.style import drawing, panel
from shoal.report.svg import to_drawing


def draw(name="one", label="a < b & $c$"):
    with drawing():
        figure, axes = panel()
        assert isinstance(figure, Figure)
        axes.plot([0, 1, 2], [1.23456, 2, 3], marker="o")
        axes.fill_between([0, 1], [0, 0], [1, 1])
        axes.set_xlabel(label)
        axes.text(0, 0, "3.14159")
        return to_drawing(figure, name, "T & t", "<d>").svg


def test_text_stays_text_and_is_escaped():
    svg = draw()
    assert "a &lt; b &amp; $c$" in svg
    assert "3.14159" in svg
    assert '<title id="one-title">T &amp; t</title>' in svg
    assert "&lt;d&gt;" in svg


def test_identifiers_belong_to_the_figure_and_are_all_defined():
    svg = draw("fig")
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert all(name.startswith("fig-") for name in ids)
    used = re.findall(r"url\(#([^)]+)\)", svg) + re.findall(r'href="#([^"]+)"', svg)
    assert used
    assert set(used) <= set(ids)


def test_no_dates_no_comments_no_style_for_the_whole_page():
    svg = draw()
    assert not re.search(r"<metadata|<!--|<style|xlink|<\?xml|DOCTYPE", svg)


def test_coordinates_are_cut_and_the_bytes_are_the_same_each_time():
    assert draw() == draw()
    paths = re.findall(r' d="([^"]+)"', draw())
    assert not re.search(r"\.\d{3}", "".join(paths))
