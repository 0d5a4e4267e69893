import json

from shoal.report.facts import facts, gradient_check, notes
from shoal.report.summary import summarize
from synthetic import WRONG_CHECK, make_result


def test_a_right_check():
    check = gradient_check(summarize(make_result(())))
    assert check.ok
    assert check.sentence == "1 distinct network, 3 parameter blocks: every gradient is right."
    assert check.networks[0].rows[1]["difference"] == "–"
    assert [verdict for verdict, _ in check.meanings] == ["zero by construction", "kink"]


def test_a_wrong_check():
    check = gradient_check(
        summarize(make_result((), gradient_check=False).assign_attrs(gradient_check=json.dumps(WRONG_CHECK)))
    )
    assert not check.ok
    assert check.sentence.endswith("1 wrong. Do not trust this run.")
    assert check.networks[0].rows[0]["autodiff"] == "inf"


def test_no_check():
    assert gradient_check(summarize(make_result((), gradient_check=False))) is None
    assert gradient_check(summarize(make_result((), gradient_check=False, gradient_check_="[]"))) is None


def test_facts_leave_out_what_is_not_on_record():
    headings = [heading for heading, _ in facts(summarize(make_result(())))]
    assert headings == ["Data", "Parameters", "Versions", "Device", "Plan", "Time"]
    bare = make_result(()).drop_attrs(deep=False)
    assert [heading for heading, _ in facts(summarize(bare))] == ["Versions"]
    assert notes(summarize(bare)) == []


def test_parameters_read_as_counts():
    for given, expected in (("[6260, 6460]", "6,260 or 6,460 a network"), ("1234", "1,234 a network")):
        assert dict(facts(summarize(make_result((), parameters=given))))["Parameters"] == expected
