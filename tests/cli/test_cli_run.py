"""`shoal run` and `shoal report`, as a user types them."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

import shoal
from shoal.cli.resume_options import free_folder
from typed_in import COMMAND, CROSSED, STUDY, names


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    """A whole run in a process of its own, with three seeds in the file and two asked for."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "small.toml").write_text(STUDY)
    command = [*COMMAND, "run", "small.toml", "--seeds", "2"]
    return folder, subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_run_ends_with_0_and_says_where_the_report_is(ran):
    _, done = ran
    assert done.returncode == 0, done.stderr
    assert "Report: runs/small/report.html" in done.stdout
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr


def test_the_table_of_cells_stands_on_standard_output_and_progress_on_standard_error(ran):
    _, done = ran
    assert "Does L2 help?" in done.stdout
    assert done.stdout.count("±") >= 2
    assert done.stderr.splitlines()[0] == "4 members in 1 program and 1 chunk; 80 network-steps"
    assert "chunk 1/1: 4 members, 20 steps" in done.stderr


def test_the_run_folder_is_named_after_the_study_and_holds_everything(ran):
    folder, _ = ran
    assert names(folder / "runs") == ["small"]
    assert names(folder / "runs" / "small") == [
        "log.jsonl", "manifest.json", "report.html", "results.nc", "study.toml", "weights.safetensors",
    ]  # fmt: skip
    assert "<script" not in (folder / "runs" / "small" / "report.html").read_text()


def test_another_number_of_seeds_is_run_and_written_down(ran):
    opened = shoal.open_run(ran[0] / "runs" / "small")
    assert opened.results["seed"].values.tolist() == [0, 1]
    assert "seed = 2" in opened.study_text
    assert opened.results.attrs["status"] == "complete"


def test_the_gradients_of_each_distinct_network_are_checked_and_the_record_kept(ran):
    record = json.loads(shoal.open_run(ran[0] / "runs" / "small").results.attrs["gradient_check"])
    assert len(record) >= 1
    assert all(network["ok"] for network in record)


def test_the_report_can_be_drawn_again(ran, type_in):
    folder = ran[0] / "runs" / "small"
    drawn = (folder / "report.html").read_bytes()
    (folder / "report.html").write_text("scribble")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["report.html"] = hashlib.sha256(b"scribble").hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    code, out, _ = type_in("report", folder)
    assert code == 0
    assert "Does L2 help?" in out
    assert (folder / "report.html").read_bytes() == drawn
    shoal.open_run(folder)


def test_a_finished_run_is_never_overwritten(ran, type_in):
    folder = ran[0] / "runs" / "small"
    before = (folder / "results.nc").read_bytes()
    code, _, err = type_in("run", ran[0] / "small.toml", "--seeds", "2", "--out", folder)
    assert code == 2
    assert err.startswith(f"shoal: {folder} already holds a run.")
    assert (folder / "results.nc").read_bytes() == before


def test_the_next_run_of_a_name_takes_the_next_free_number(tmp_path):
    assert free_folder(tmp_path, "s") == tmp_path / "s"
    (tmp_path / "s").mkdir()
    assert free_folder(tmp_path, "s") == tmp_path / "s-2"
    (tmp_path / "s-2").touch()
    (tmp_path / "s-4").mkdir()
    assert free_folder(tmp_path, "s") == tmp_path / "s-3"


# --explain


def test_explain_prints_the_plan_and_runs_nothing(here, type_in):
    (here / "small.toml").write_text(CROSSED)
    code, out, err = type_in("run", "small.toml", "--explain")
    assert code == 0
    assert err == ""
    assert "12 members in 2 programs and 2 chunks; 240 network-steps" in " ".join(out.split())
    assert "1 of 2x3" in out  # a chunk of 2 cells x 3 seeds
    assert "training.l2" in out
    assert "batch_norm_1 (BatchNorm)" in out
    assert "GFLOP/s" in out
    assert names(here) == ["small.toml"]


def test_explain_takes_the_same_options_as_a_run(here, type_in):
    _, out, _ = type_in("run", "small.toml", "--explain", "--seeds", "1", "--memory", "0.05")
    assert "2 members in 1 program and 1 chunk; 40 network-steps" in " ".join(out.split())


def test_the_version_is_shown(type_in):
    assert type_in("--version") == (0, f"shoal {shoal.__version__}\n", "")
