"""What a diagnosis looks like: in a terminal, in a notebook, for machines, and in a failed test."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from planted import L2, as_function, backward, draw, examine, network, put_on_corners
from shoal.doctor.diagnose import assert_correct

SLIPS = {"batch_norm_2": {"variance_path": False}, "affine_4": {"l2": 1.0}}
OWN = {"affine_1.W": "W0", "affine_2.W": "W1", "affine_4.W": "<W> & 'last'", "batch_norm_1.gamma": "g[0]"}
VOID = {"br"}


@pytest.fixture(scope="module")
def point():
    return draw(network(batch_norm=True))


@pytest.fixture(scope="module")
def wrong(point):
    return examine(point, backward(point, SLIPS))


@pytest.fixture(scope="module")
def unknown(point):
    came = backward(point)
    came["affine_3"]["W"][2, 1] = np.nan
    return examine(point, came)


@pytest.fixture(scope="module")
def every(point, wrong, unknown):
    return [examine(point, backward(point)), wrong, unknown]


def test_the_verdict_comes_first(every):
    first = [str(diagnosis).splitlines()[0] for diagnosis in every]
    assert first == [
        "gradients right",
        "gradients WRONG: 2 mistakes found",
        "gradients WRONG: 1 place that no known mistake explains",
    ]


def test_mistakes_come_before_the_table_with_all_that_mends_them(wrong):
    text = str(wrong)
    table = text.index("gradient of")
    flat = " ".join(text.split())
    for k, cause in enumerate(wrong.causes, 1):
        assert text.index(f"\n{k}. ") < table
        for part in ("title", "sentence", "equation", "remedy", "page"):
            assert " ".join(getattr(cause.mistake, part).split()) in flat, part
    assert "batch norm 2" in text
    assert "needs no fix of its own" in flat


def test_the_table_has_a_line_for_every_block(wrong):
    lines = str(wrong).splitlines()
    head = next(k for k, line in enumerate(lines) if "off by" in line)
    rows = {line.split()[0]: line for line in lines[head + 1 :]}
    assert rows.keys() == {block.name for block in wrong.blocks}
    assert rows["affine_4.W"].endswith("WRONG                 1")
    assert "zero by construction" in rows["affine_1.b"]


def test_the_page_has_no_spaces_at_the_ends_of_lines_and_fits(every):
    for diagnosis in every:
        lines = str(diagnosis).splitlines()
        assert [line for line in lines if line != line.rstrip()] == []
        assert max(map(len, lines)) <= 100
        assert "\x1b" not in str(diagnosis)


def test_a_terminal_gets_colour(wrong):
    console = Console(width=100, force_terminal=True, color_system="truecolor", file=io.StringIO())
    console.print(wrong)
    assert "\x1b[" in console.file.getvalue()


def test_the_users_own_names_stand_in_for_ours(wrong):
    named = replace(wrong, names=OWN)
    text = str(named)
    for ours, own in OWN.items():
        assert ours not in text
        assert own in text
    assert "affine_3.W" in text  # has no other name
    assert json.loads(json.dumps(named.to_json()))["names"] == OWN


class Elements(HTMLParser):
    """Every element closed in order; what they are, their attributes and their text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text, self.attributes = [], set(), [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_html_is_balanced_and_needs_nothing_from_elsewhere(every):
    for diagnosis in every:
        page = Elements(diagnosis._repr_html_())
        assert page.open == []
        assert not page.seen & {"script", "link", "img", "iframe", "a", "style"}
        assert {key for key, _ in page.attributes} <= {"style"}
        assert not any("url(" in value or "http" in value for _, value in page.attributes)
        assert "table" in page.seen


def test_everything_in_the_html_is_escaped(wrong):
    hostile = "<script>alert('x')</script> & \"more\""
    names = {block.name: hostile for block in wrong.blocks}
    cause = replace(wrong.causes[0], note=hostile, equivalents=(hostile,))
    page = Elements(
        replace(wrong, names=names, causes=(cause, *wrong.causes[1:]), remarks=(hostile,))._repr_html_()
    )
    assert page.open == []
    assert "script" not in page.seen
    assert "".join(page.text).count(hostile) >= len(wrong.blocks) + 3


def test_the_html_says_what_the_terminal_says(wrong, unknown):
    for diagnosis in (wrong, unknown):
        text = " ".join("".join(Elements(diagnosis._repr_html_()).text).split())
        assert str(diagnosis).splitlines()[0] in text
        for cause in diagnosis.causes:
            assert " ".join(cause.mistake.equation.split()) in text
        for segment in diagnosis.unexplained:
            assert segment.note in text


def test_json_is_strict_and_complete(every):
    for diagnosis in every:
        record = json.loads(json.dumps(diagnosis.to_json(), allow_nan=False))
        assert record["ok"] == diagnosis.ok
        assert [c["mistake"] for c in record["causes"]] == [c.mistake.name for c in diagnosis.causes]
        assert [c["where"] for c in record["causes"]] == [list(map(list, c.where)) for c in diagnosis.causes]
        assert [b["verdict"] for b in record["blocks"]] == [b.verdict for b in diagnosis.blocks]
        assert len(record["unexplained"]) == len(diagnosis.unexplained)


def test_numbers_that_are_none_have_names_in_json(unknown):
    record = json.loads(json.dumps(unknown.to_json(), allow_nan=False))
    (block,) = (b for b in record["blocks"] if b["verdict"] == "WRONG")
    assert (block["error"], block["came"]) == ("inf", "nan")
    assert isinstance(block["true"], float)


def test_a_block_is_found_by_name(wrong):
    assert wrong.block("affine_4", "W").because == ("l2-halved",)
    with pytest.raises(KeyError, match=r"affine_9\.W"):
        wrong.block("affine_9", "W")


def test_what_it_was_judged_on_is_said(point, wrong):
    assert "7 examples, L2 0.02, 1 point, float64" in str(wrong)
    single = {n: {k: v.astype(np.float32) for k, v in own.items()} for n, own in backward(point).items()}
    assert "float32" in str(examine(point, single))
    assert re.search(r"[2-9] points", str(examine(point, as_function(point))))


def test_assert_correct_passes_what_is_right(point):
    arguments = (point.network, L2, point.parameters, point.x, point.targets)
    assert_correct(*arguments, backward(point))
    assert_correct(*arguments, as_function(point), seed=2)


def test_assert_correct_fails_with_the_diagnosis(point, wrong):
    arguments = (point.network, L2, point.parameters, point.x, point.targets)
    with pytest.raises(AssertionError) as raised:
        assert_correct(*arguments, backward(point, SLIPS))

    def timeless(text):
        return re.sub(r"\d+\.\d s", "", text).strip()

    assert timeless(str(raised.value)) == timeless(str(wrong))


def test_assert_correct_accepts_another_choice_on_a_corner():
    point = draw(network("relu"))
    put_on_corners(point)
    came = backward(point, {"relu_3": {"at_zero": 1.0}})
    assert_correct(point.network, L2, point.parameters, point.x, point.targets, came)
    text = str(examine(point, came))
    assert text.startswith("gradients right (with a choice of its own where no derivative exists)")
    assert "another choice" in text
