from xml.etree import ElementTree

from shoal.report.figures import Group
from shoal.report.sheet import WIDTH, svg_page
from shoal.report.svg import Drawing, Key

SVG = "{http://www.w3.org/2000/svg}"
PANEL = '<svg viewBox="0 0 288 205" width="384" height="274" role="img"><g/></svg>'


def drawn(**group):
    return ElementTree.fromstring(svg_page(Group("g", "Loss & cost", **group)))


def test_panels_lie_two_by_two_and_do_not_overlap():
    page = drawn(drawings=tuple(Drawing(PANEL, f"panel {i}") for i in range(3)))
    places = [(float(p.attrib["x"]), float(p.attrib["y"])) for p in page.findall(f"{SVG}svg")]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x1 >= x0 + 384
    assert x1 + 384 <= WIDTH
    assert (y0, x0) == (y1, x2)
    assert y2 >= y0 + 274
    assert float(page.attrib["height"]) >= y2 + 274


def test_titles_and_legends_are_written_in_the_file():
    keys = tuple(Key(f"learning rate {i} <", "#0072B2", "5 2") for i in range(9))
    page = drawn(drawings=(Drawing(PANEL, "a"), Drawing(PANEL, "b")), legend=keys)
    texts = [text.text for text in page.findall(f"{SVG}text")]
    assert texts == [*(key.text for key in keys), "a", "b"]
    assert page.findtext(f"{SVG}title") == "Loss & cost"
    lines = page.findall(f"{SVG}line")
    assert {line.attrib["stroke-dasharray"] for line in lines} == {"5 2"}
    assert max(float(line.attrib["x2"]) for line in lines) < WIDTH
    assert len({line.attrib["y1"] for line in lines}) > 1


def test_the_label_stands_first():
    page = ElementTree.fromstring(svg_page(Group("g", "Loss", (Drawing(PANEL, "a"),)), "QUICK: 2 seeds"))
    assert page.findtext(f"{SVG}text") == "QUICK: 2 seeds"


def test_a_drawing_alone_has_the_page_s_title_only():
    assert drawn(drawings=(Drawing(PANEL, "a"),)).findall(f"{SVG}text") == []


def test_a_long_title_is_written_smaller_than_its_panel_is_wide():
    page = drawn(drawings=(Drawing(PANEL, "short"), Drawing(PANEL, "running variance: " + "long " * 12)))
    short, long = (float(text.attrib["font-size"]) for text in page.findall(f"{SVG}text"))
    assert long < short == 14
