"""The page: the verdict first, a table after; the same for notebooks, and as a record."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from functions_to_check import network
from shoal.gradients.functions import check

SAMPLE = network(5, 6, 3)


@pytest.fixture(scope="module")
def right():
    return check(SAMPLE.loss, SAMPLE.gradients, SAMPLE.parameters)


@pytest.fixture(scope="module")
def wrong():
    changed = SAMPLE.wrong(W1=lambda g, p: 2 * g, b1=lambda g, p: np.where(g == g[2], np.nan, g))
    return check(SAMPLE.loss, changed, SAMPLE.parameters)


def test_the_verdict_comes_first(right, wrong):
    assert str(right).startswith("gradients  right")
    lines = str(wrong).splitlines()
    assert lines[0] == "gradients  WRONG  2 of 4 blocks: W1, b1"
    assert "W1 is 2.000 times the true gradient: a factor 2 too many." in str(wrong)
    assert [line.split()[0] for line in lines if line.endswith(("ok", "WRONG"))] == ["W1", "b1", "W2", "b2"]


def test_a_wrong_block_is_followed_by_its_worst_entries(wrong):
    assert "W1: 30 of 30 entries" in str(wrong)
    assert str(wrong).count(" is right") >= 3


def test_the_page_has_no_colour_and_fits(right, wrong):
    for page in (str(right), str(wrong)):
        assert "\x1b" not in page
        assert max(map(len, page.splitlines())) <= 110


def test_a_terminal_gets_colour(wrong):
    console = Console(width=110, force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(wrong)
    assert "\x1b[1;31mWRONG" in captured.get()


def test_names_are_not_taken_for_markup():
    found = check(
        lambda p: np.sum(p["[red]<b>"] ** 2), lambda p: {"[red]<b>": p["[red]<b>"]}, {"[red]<b>": np.ones(2)}
    )
    assert "[red]<b>" in str(found)
    assert "&lt;b&gt;" in found._repr_html_()
    assert "<b>" in found._repr_html_()


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_self_contained_and_takes_the_pages_own_colours(right, wrong):
    for found in (right, wrong):
        html = found._repr_html_()
        tags = Tags()
        tags.feed(html)
        assert not tags.open
        assert not tags.seen & {"script", "link", "img", "style"}
        assert "background:#" not in html
        assert "http" not in html
    assert "WRONG" in wrong._repr_html_()


def test_the_record_is_plain_json(wrong):
    record = json.loads(json.dumps(wrong.to_json(), allow_nan=False))
    assert record["ok"] is False
    assert [block["verdict"] for block in record["blocks"]] == ["WRONG", "WRONG", "ok", "ok"]
    assert [finding["name"] for finding in record["findings"]] == ["not-finite", "factor"] or record[
        "findings"
    ]
    assert record["blocks"][0]["worst"][0].keys() == {"index", "came", "true", "error"}


def test_a_block_is_asked_for_by_name(right):
    assert right.block("W2").shape == (6, 3)
    with pytest.raises(KeyError, match="W7"):
        right.block("W7")
