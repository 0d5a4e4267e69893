"""`shoal run` on a study with `[search]`, as a user types it."""

import pytest

import shoal
from typed_in import STUDY as PLAIN

STUDY = (
    PLAIN.replace("Does L2 help?", "Which L2?")
    .replace("steps = 20", "steps = 10")
    .replace('"training.l2" = [0.0, 0.01]\nseed = 3', "seed = 2")
    + """[search]
strategy = "random"
trials = 3
finalists = 2
confirm = 2
over = { "training.l2" = { log = [1e-4, 1.0] } }
"""
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(STUDY)


def test_explain_lists_the_rounds_and_runs_nothing(type_in, tmp_path):
    code, out, _ = type_in("run", "small.toml", "--explain")
    assert code == 0
    assert "The search (random)" in out
    assert "100 network-steps at most." in out  # 3 points x 2 seeds, then 2 points x 2 seeds, of 10 steps
    assert not (tmp_path / "runs").exists()


def test_run_searches_and_reports_its_path(type_in, tmp_path):
    code, out, err = type_in("run", "small.toml", "--no-check")
    assert code == 0
    assert "Random search over 3 trials in 1 round chose L2" in out
    assert "round 1 of 1" in err
    assert "final comparison with 2 fresh seeds" in err
    folder = tmp_path / "runs" / "small"
    page = (folder / "report.html").read_text()
    assert 'id="search"' in page
    assert shoal.open_run(folder).search.sizes["trial"] == 3
    assert type_in("report", "--quiet", str(folder))[0] == 0
    assert (folder / "report.html").read_text() == page


def test_ctrl_c_says_what_is_kept(type_in, monkeypatch):
    from shoal.cli.progress import LineProgress

    def press(self, text):
        raise KeyboardInterrupt

    monkeypatch.setattr(LineProgress, "round_started", press)
    code, _, err = type_in("run", "small.toml", "--no-check")
    assert code == 130
    assert "Interrupted in round 1 of 1; what was finished is kept in" in err
    assert "Go on with: shoal run small.toml --no-check --out runs/small --resume" in err


def test_a_mistake_in_the_table_is_told_without_a_traceback(type_in, tmp_path):
    (tmp_path / "small.toml").write_text(STUDY.replace('"random"', '"randon"'))
    code, _, err = type_in("run", "small.toml")
    assert code == 2
    assert "did you mean `random`?" in err
