import json
import os
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from pages import KINDS, Reader, kind_of_result
from shoal.errors import RunError
from shoal.report import render, write_report
from synthetic import make_result


@pytest.fixture(scope="module")
def page():
    """Pages by kind of result, each drawn once."""
    drawn: dict[str, str] = {}

    def draw(kind: str) -> str:
        if kind not in drawn:
            drawn[kind] = render(kind_of_result(kind))
        return drawn[kind]

    return draw


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_result_gives_a_sound_self_contained_page(page, kind):
    reader = Reader(page(kind))
    assert len(reader.ids) == len(set(reader.ids))
    assert {reference[1:] for reference in reader.references if reference[0] == "#"} <= set(reader.ids)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(reader.tags)
    assert not re.search(r"https?://|@import|url\((?!#)", page(kind))
    assert "nan" not in re.findall(r"[\w.]+", reader.words.lower().replace("nan or infinity", ""))
    assert "default-src 'none'" in page(kind)


def test_sections_come_in_order(page):
    names = re.findall(r'<section id="([\w-]+)"', page("bool x log"))
    assert names == [
        "answer", "cells", "health", "curves", "cost", "factors", "factor-losses", "pairs", "confusion",
        "schedule", "diverged", "gradients", "settings", "record",
    ]  # fmt: skip


def test_it_says_what_was_asked_what_came_out_and_how_it_was_made(page):
    words = Reader(page("bool x log")).words
    for expected in (
        "Does batch norm make a network less sensitive to its L2 penalty?",
        "8 cells × 5 seeds = 40 networks",
        "Best: batch norm off, L2 0.1, with 59.04 ± 0.25 % validation accuracy",
        "paired by seed: no more than noise",
        "Batch norm, averaged over L2 (4 levels): on is",
        "Nothing: every finished network kept finite numbers",
        "every gradient is right",
        'name = "digits"',
        "scikit-learn (embedded)",
        "3f" * 32,
        "jax 0.10.2",
        "cpu: 2 cores",
        "members 40",
        "41 s, 6.5 s of it compiling",
        "feature 0 is constant",
    ):
        assert expected in words, expected


def test_the_table_has_a_row_for_each_cell_best_first_with_marks(page):
    html = page("bool x log")
    table = html[html.index('<section id="cells"') : html.index('<section id="curves"')]
    assert table.count("<tr") == 9
    assert table.index('class="best"') < table.index('class="tied"')
    assert table.count("± ") == 24 + 1  # and once in the caption
    assert 'class="strip"' in table


def test_a_long_table_folds(page):
    html = page("large heat map")
    assert "68 more cells</summary>" in html


def test_interrupted_runs_say_so_at_the_top(page):
    words = Reader(page("interrupted")).words
    banner = words.index("Interrupted. 20 of 24 networks finished")
    assert banner < words.index("Does batch norm make", banner)
    assert words.index("Interrupted") < 400
    assert "2 of 3 finished" in words


def test_nothing_finished_still_gives_a_page(page):
    words = Reader(page("interrupted, nothing finished")).words
    assert "nothing can be ranked yet" in words
    assert "<figure" not in page("interrupted, nothing finished")


def test_what_diverged_is_listed_with_cell_seed_and_step(page):
    words = Reader(page("diverged")).words
    assert "4 of 12 networks reached NaN or infinity" in words
    assert "L2 3.73e-4 0 350" in words
    assert "L2 0.1 2 350" in words


def test_the_gradient_check_is_a_table_and_a_wrong_one_is_said_at_the_top(page):
    right, wrong = Reader(page("bool x log")).words, Reader(page("wrong gradient")).words
    assert "affine_1 W 64 × 50 3.1e-09 2.2e-15 [3, 7] ok" in right
    assert "zero by construction exactly zero" in right
    assert "A gradient is wrong" in wrong
    assert "1 wrong" in wrong
    assert "A gradient is wrong" not in right
    assert "No gradient check is on record" in Reader(page("no gradient check")).words


def test_one_seed_has_no_intervals_and_says_so(page):
    words = Reader(page("log, 1 seed")).words
    assert "±" not in words
    assert "one seed: no interval" in words
    assert "nobody can say whether that is more than noise" in words


def test_without_validation_data_it_says_what_cells_are_ranked_by(page):
    words = Reader(page("category x category, 1 seed")).words
    assert "nothing was held out for validation" in words
    assert "sorted by training accuracy" in words


NASTY = (
    '<script>alert(1)</script>"><img src=x onerror=y></style>' + "$x_1$ {{ 7*7 }} 日本 ]]> --> &amp;\x00\x1b"
)


@settings(max_examples=3, deadline=None)
@given(st.text(max_size=30))
def test_whatever_a_user_wrote_stays_text(random):
    text = NASTY + random
    notes = json.dumps([text])
    result = make_result(
        ("initial",),
        2,
        steps=2,
        validation=False,
        levels={"initial": [text, "b" + text]},
        question=text,
        study=text,
        device=text,
        notes=notes,
        data=json.dumps({"name": text, text: text}),
    )
    check = [{"network": text, "seed": 0, "ok": True, "blocks": [{"layer": text, "note": text}]}]
    result = result.assign_attrs(gradient_check=json.dumps(check))
    result["initial"].attrs["long_name"] = text
    result = result.assign_coords({"class": [text + str(i) for i in range(10)]})
    reader = Reader(render(result))
    assert not {"script", "img"} & set(reader.tags)
    assert "<script>alert(1)</script>" in reader.words
    assert "{{ 7*7 }}" in reader.words


def test_redrawing_gives_the_same_bytes():
    assert render(kind_of_result("bool")) == render(kind_of_result("bool"))


def test_a_result_read_back_from_disk_draws_the_same_page(tmp_path, page):
    make_result(("batch_norm", "l2")).to_netcdf(tmp_path / "results.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "results.nc", engine="h5netcdf") as stored:
        assert render(stored.load()) == page("bool x log")


def test_drawing_leaves_the_users_settings_alone():
    with matplotlib.rc_context({"font.size": 31, "svg.fonttype": "path", "axes.grid": False}):
        before = dict(matplotlib.rcParams)
        with_own_settings = render(make_result((), 1, steps=2))
        assert dict(matplotlib.rcParams) == before
    assert with_own_settings == render(make_result((), 1, steps=2))


def test_written_whole_or_not_at_all(tmp_path):
    path = write_report(make_result((), 1, steps=2), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert os.listdir(tmp_path) == ["report.html"]
    assert path.stat().st_mode & 0o044 == 0o044


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(RunError, match="cannot be written"):
        write_report(make_result((), 1, steps=2), tmp_path / "nowhere" / "report.html")


def test_a_failed_write_leaves_the_old_report_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="No space left"):
        write_report(make_result((), 1, steps=2), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]


def test_importing_and_drawing_loads_neither_jax_nor_pyplot(tmp_path):
    make_result(("l2",), 2, steps=2).to_netcdf(tmp_path / "results.nc", engine="h5netcdf")
    code = (
        "import sys, xarray as xr; from shoal.report import render\n"
        f"render(xr.open_dataset({str(tmp_path / 'results.nc')!r}, engine='h5netcdf').load())\n"
        "assert not {'jax', 'matplotlib.pyplot', 'torch', 'scipy.stats'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_confusion_matrix_of_many_classes_is_drawn_without_numbers():
    result = make_result(("batch_norm",), 2, steps=2).drop_vars(["confusion", "class", "predicted"])
    names = [f"class {i}" for i in range(100)]
    counts = np.eye(100, dtype=int) * 9 + np.eye(100, k=3, dtype=int)
    result = result.assign_coords({"class": names, "predicted": names})
    result["confusion"] = (("class", "predicted"), counts)
    html = render(result)
    assert "data:image/png;base64," in html
    assert "class 0 taken for class 3 (10 %)" in Reader(html).words
    assert len(html) < 400_000
