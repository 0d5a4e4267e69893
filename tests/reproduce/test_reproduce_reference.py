"""Every figure, picture, claim and doubt of the reference file has its place among the reports' files."""

import tomllib
from pathlib import Path

import pytest

from shoal.errors import StudyError
from shoal.reproduce.claims import JUDGES
from shoal.reproduce.computed import COMPUTED
from shoal.reproduce.model import choose, part_names, reports, rows_of, study_file
from shoal.study.load import load_study

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "reports.toml"
REPORTS = {report.key: report for report in reports()}


@pytest.fixture(scope="module")
def reference():
    """The reports' figures as their authors printed them."""
    if not REFERENCE.is_file():
        pytest.skip("the reference file ../shared/reference/reports.toml is not at hand")
    return tomllib.loads(REFERENCE.read_text())["report"]


def flat(value, path=""):
    """Every number under a table, by its dotted path."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    else:
        return {path: value}
    return {k: v for key, inner in pairs for k, v in flat(inner, f"{path}.{key}".lstrip(".")).items()}


def collected(table, key, section=""):
    """(section, value) of every `key` in a report and in its sections."""
    found = [(section, table[key])] if key in table else []
    for name, inner in table.items():
        if isinstance(inner, dict) and name not in ("reported", "settings", "assumed", key):
            found += collected(inner, key, name)
    return found


def rows(report):
    return [row for part in report.part.values() for table in part.table for row in rows_of(table)]


def test_all_five_reports_are_there(reference):
    assert set(REPORTS) == set(reference)


@pytest.mark.parametrize("key", REPORTS)
def test_every_reported_figure_has_a_row_with_that_very_figure(reference, key):
    reported = {
        path: value
        for section, table in collected(reference[key], "reported")
        for path, value in flat(table, section).items()
    }
    ours = {row.of: row.reported for row in rows(REPORTS[key]) if row.of}
    ours |= {path: value for row in rows(REPORTS[key]) for path, value in row.settings.items()}
    assert sorted(set(reported) - set(ours)) == []
    assert sorted(set(ours) - set(reported)) == []
    assert ours == {path: pytest.approx(value, rel=1e-12) for path, value in reported.items()}


@pytest.mark.parametrize("kind", ["claims", "doubtful"])
@pytest.mark.parametrize("key", REPORTS)
def test_every_sentence_has_a_judge(reference, key, kind):
    sentences = [one for _, listed in collected(reference[key], kind) for one in listed]
    assert [claim.sentence for claim in REPORTS[key].claim if claim.of == kind] == sentences


@pytest.mark.parametrize("key", REPORTS)
def test_every_figure_that_was_drawn_has_a_picture(reference, key):
    drawn = {one for _, listed in collected(reference[key], "figures") for one in listed}
    ours = {picture.of for part in REPORTS[key].part.values() for picture in part.picture if picture.of}
    assert ours == drawn


@pytest.mark.parametrize("report", reports(), ids=lambda report: report.number)
def test_what_a_report_s_file_names_exists(report):
    assert {claim.judge for claim in report.claim} <= JUDGES.keys()
    assert {name for claim in report.claim for name in claim.parts} <= report.part.keys()
    for part in report.part.values():
        assert not part.compute or part.compute in COMPUTED
        named = {row.study for table in part.table for row in rows_of(table)} | {
            p.study for p in part.picture
        }
        assert named - {""} <= set(part.studies)
        for name in part.studies:
            assert load_study(study_file(name)).cells()


def test_judges_are_all_asked_for():
    assert {claim.judge for report in reports() for claim in report.claim} == JUDGES.keys()


def test_parts_are_chosen_by_name_each_once():
    assert [f"{report.number}.{name}" for report, name, _ in choose(["002.search", "002", "001.depth"])] == [
        "001.depth",
        *(f"002.{name}" for name in REPORTS["002_03d4003e3dff03b6"].part),
    ]
    assert len(choose(["all"])) == sum(len(report.part) for report in reports())


def test_a_name_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(StudyError, match=r"002\.serch is no report.*\n.*Did you mean 002\.search"):
        choose(["002.serch"])
    with pytest.raises(StudyError, match="No report is named"):
        choose([])
    assert "002.search" in part_names()
