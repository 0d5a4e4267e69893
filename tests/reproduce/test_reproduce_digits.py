"""The whole path on the embedded digits: plan, training, page, ledger; the second time nothing is trained.

Its studies compile eight programs: about half a minute, the one slow file of the suite.
"""

import json
import sys

import pytest

from shoal.cli.main import main

ARGUMENTS = ["reproduce", "--quick", "--data", "digits", "001"]
LABELS = ("QUICK", "DIGITS")


@pytest.fixture(scope="module")
def shoal(tmp_path_factory):
    """Runs the command; its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOAL_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("SHOAL_DATA_DIR", raising=False)

        def run(*arguments):
            patch.setattr(sys, "argv", ["shoal", *map(str, arguments)])
            with pytest.raises(SystemExit) as left:
                main()
            return left.value.code or 0

        yield run


@pytest.fixture(scope="module")
def out(shoal, tmp_path_factory):
    """The folder of one run of report 001."""
    folder = tmp_path_factory.mktemp("reproduced")
    assert shoal(*ARGUMENTS, "--out", folder, "--docs", folder / "docs.md") == 0
    return folder


@pytest.fixture(scope="module")
def ledger(out):
    return json.loads((out / "ledger.json").read_text())


def test_every_sentence_of_the_report_is_decided(ledger):
    assert len(ledger["claims"]) == 5
    for one in ledger["claims"]:
        assert one["word"] in ("holds", "fails", "undecided")
        assert one["test"]
        assert one["numbers"]


def test_every_figure_has_ours_an_interval_and_a_word(ledger):
    assert len(ledger["figures"]) == 26
    for one in ledger["figures"]:
        assert one["ours"]["low"] <= one["ours"]["mean"] <= one["ours"]["high"]
        assert one["single_run"]["low"] <= one["ours"]["low"]
        assert one["ours"]["n"] == len(one["values"]) == 2
        assert one["word"] in ("agrees", "higher", "lower")


def test_the_page_is_self_contained_and_says_everywhere_what_it_is_of(out, ledger):
    page = (out / "index.html").read_text()
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "<script" not in page
    assert page.count("<svg") > 10
    assert all(label in page[: page.index("</title>")] for label in LABELS)
    assert page.count('class="mode"') == page.count("<h4>") + 2  # each table and picture, claims and record
    assert page.index('id="claims"') < page.index('id="r001"')
    assert ledger["quick"] and ledger["digits"]  # noqa: PT018


def test_identifiers_on_the_page_are_unique(out):
    page = (out / "index.html").read_text()
    found = [part.split('"', 1)[0] for part in page.split(' id="')[1:]]
    assert len(found) == len(set(found))


def test_the_markdown_page_has_every_table_and_its_pictures(out):
    for path, images in ((out / "reproduction.md", "images/"), (out / "docs.md", "images/docs/")):
        text = path.read_text()
        assert text.count("#### ") == text.count(f"]({images}") == 7
        assert text.count("QUICK: a tenth of the steps and 2 seeds") == 8
        names = [part.split(")")[0] for part in text.split(f"]({images}")[1:]]
        assert [name.rpartition(".")[2] for name in names].count("svg") == 3
        for name in names:
            assert (out / images / name).stat().st_size > 1000
            assert name.endswith(".png") or "QUICK: a tenth" in (out / images / name).read_text()
        assert "shoal reproduce 001 --seeds 2 --quick --data digits" in text


def test_what_is_finished_is_not_run_again_wherever_it_lies(shoal, out, tmp_path, capsys):
    before = {path: path.stat().st_mtime_ns for path in out.rglob("results.nc")}
    assert len(before) == 4
    assert shoal(*ARGUMENTS, "--out", out, "--explain") == 0
    assert shoal(*ARGUMENTS, "--out", tmp_path, "--runs", out / "runs-quick-digits") == 0
    assert "to run" not in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in out.rglob("results.nc")} == before
    assert not list(tmp_path.rglob("results.nc"))
    theirs, ours = (json.loads((folder / "ledger.json").read_text()) for folder in (out, tmp_path))
    assert theirs["figures"] == ours["figures"]
    assert theirs["claims"] == ours["claims"]


def test_more_seeds_are_another_run(shoal, out, capsys):
    assert (
        shoal(
            "reproduce", "--quick", "--data", "digits", "001.depth", "--seeds", 3, "--out", out, "--explain"
        )
        == 0
    )
    said = capsys.readouterr().out
    assert said.count("to run") == 2
    assert "001-search" not in said
