"""Names of strangers (a question, variants, classes, files, facts of a result) are text everywhere."""

import csv
import json
import sys
from html.parser import HTMLParser

import pytest
import xarray as xr

from shoal.cli.main import main
from shoal.errors import StudyError
from shoal.report import render
from shoal.runs.read_write import open_run
from shoal.study.load import make_study

UNSEEN = "\x1b]8;;file:///etc/passwd\x07\u202e\u2066"  # a terminal's link, and right to left from here on
HTML = "<script>alert(1)</script><img src=x onerror=alert(1)></style></title>\"'><svg onload=alert(1)>"
MARKUP = "[red][link=file:///etc/passwd]x[/link] [/] [bold"
MARKDOWN = "![x](javascript:alert(1)) `$(touch owned)` |"
MATH = r"$\frac{$ {{ 7 * 7 }} {% include 'x' %} %s {0}"
NAMES = (UNSEEN + "a", HTML, MARKUP, MARKDOWN, MATH)
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "a",
        "nav",
    ),
    *(
        "section",
        "div",
        "span",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "dl",
        "dt",
        "dd",
    ),
    *(
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "em",
        "strong",
        "figure",
        "figcaption",
        "svg",
        "g",
        "path",
        "defs",
        "use",
    ),
    *(
        "text",
        "tspan",
        "desc",
        "line",
        "rect",
        "circle",
        "clippath",
        "image",
        "lineargradient",
        "stop",
        "marker",
    ),
}


class Reader(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.text += data


def assert_harmless(page: str) -> None:
    """Nothing runs, loads or turns around: the names in it are text."""
    read = Reader(page)
    assert not read.tags - TAGS
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    links = [value for name, value in read.attributes if name in ("href", "src", "xlink:href", "action")]
    assert all(value.startswith(("#", "data:image/png;base64,")) for value in links)
    assert page.count("<style>") == page.count("</style>") == 1
    assert not [c for c in "\x1b\x07\u202e\u2066" if c in page]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose question, variants, classes and data file have every name; with what was printed."""
    folder = tmp_path_factory.mktemp("names")
    file = f"{MARKUP.replace('/', '_')}<img src=x onerror=1>.csv"
    with (folder / file).open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["a", "b", f"class{HTML}"])
        writer.writerows([i % 7, i % 5, NAMES[i % 5]] for i in range(100))
    network = '[vary.variant.{}]\n"training.l2" = {}\n'
    study = (
        f"question = {json.dumps(HTML + MARKUP + MATH)}\n"
        f"[data]\npath = {json.dumps(file)}\ntarget = {json.dumps(f'class{HTML}')}\n"
        "validation = 20\ntest = 20\n"
        "[network]\nhidden = [3]\n[training]\nsteps = 4\nbatch_size = 10\nlearning_rate = 0.1\n"
        "[record]\npoints = 2\n[vary]\nseed = 2\n"
    )
    study += "".join(network.format(json.dumps(name), i * 0.01) for i, name in enumerate(NAMES))
    (folder / "study.toml").write_text(study)
    return folder


@pytest.fixture
def trained(run, monkeypatch, capsys):
    monkeypatch.chdir(run)
    monkeypatch.setenv("SHOAL_CACHE_DIR", str(run / "cache"))
    command = ["report", "out"] if (run / "out").exists() else ["run", "study.toml", "--out", "out"]
    monkeypatch.setattr(sys, "argv", ["shoal", *command])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    return capsys.readouterr()


def test_a_run_of_hostile_names_ends_with_a_harmless_page_and_harmless_lines(run, trained):
    for printed in (trained.out, trained.err):
        assert not [c for c in "\x1b\x07\u202e\u2066" if c in printed]
    assert "[red]" in trained.out  # no markup: a name as it is
    page = (run / "out" / "report.html").read_text()
    assert_harmless(page)
    assert "\\x1b" in page
    assert "&lt;script&gt;alert(1)" in page
    assert r"$\frac{$ {{ 7 * 7 }}" in Reader(page).text


def test_the_log_of_such_a_run_is_lines_of_ascii_json(run, trained):
    for line in (run / "out" / "log.jsonl").read_bytes().splitlines():
        json.loads(line.decode("ascii"))


def test_every_text_that_a_result_carries_is_text_on_its_page(run, trained):
    results = open_run(run / "out").results.load()

    def hostile(value):
        if isinstance(value, dict):
            return {**{key: hostile(v) for key, v in value.items()}, HTML + UNSEEN: HTML + UNSEEN}
        if isinstance(value, list):
            return [hostile(v) for v in value]
        return HTML + UNSEEN if isinstance(value, str) else value

    for name, value in list(results.attrs.items()):
        if name in ("status", "gradient_check") or not isinstance(value, str):
            continue
        try:
            decoded = json.loads(value)
        except json.JSONDecodeError:
            results.attrs[name] = HTML + UNSEEN
            continue
        if name in ("data", "versions", "plan", "notes"):
            results.attrs[name] = json.dumps(hostile(decoded))
    assert isinstance(results, xr.Dataset)
    assert_harmless(render(results))


@pytest.mark.parametrize("name", [UNSEEN, UNSEEN + HTML, UNSEEN + MARKUP])
@pytest.mark.parametrize(
    "study",
    [
        lambda name: {name: 1},
        lambda name: {"training": {name: 1}},
        lambda name: {"vary": {name: [1]}},
        lambda name: {"vary": {"training.l2": [name]}},
        lambda name: {"vary": {"network.hidden": [[8], [name]]}},
        lambda name: {"vary": {"variant": {name: {"training.nothing": name}}}},
        lambda name: {"network": {"layers": [name, {name: name}]}},
        lambda name: {"search": {"strategy": name}},
        lambda name: {"data": {"name": "function", "function": name}},
    ],
)
def test_a_message_about_a_name_shows_what_is_unseen_as_escapes(study, name):
    with pytest.raises(StudyError) as refused:
        make_study(study(name))
    assert not [c for c in "\x1b\x07\u202e\u2066" if c in str(refused.value)]
    assert refused.value.exit_code == 2
