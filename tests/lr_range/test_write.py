"""Bounds written into a study file: two numbers change and nothing else."""

import tomllib
from pathlib import Path

import pytest

from shoal.errors import StudyError
from shoal.lr_range.write import with_bounds, write_bounds

HEAD = "# My study.  max = 7 stays\n[data]\nname = 'digits'\n\n"
INLINE = HEAD + (
    "[training]  # min = 3 stays too\ncycles = 1\n"
    'schedule = { kind = "triangular", min=1e-5 , "max" = 0.1, half_cycle = 9 }  # max = 0.1 was a guess\n'
    "\n[vary]\nseed = 2 # end, without a line end"
)
TABLE = HEAD + (
    "[training]\ncycles = 1\n[training.schedule]\n\tkind = 'exp_range'\n"
    "\tmax = 1_0.5 # up\n\tmin = 0\nhalf_cycle = 9\n"
)
DOTTED = HEAD + "[training]\nsteps = 9\nschedule.kind = 'cosine'\nschedule.rate = 0.1\nschedule.end = 0.0\n"
PEAK = HEAD + (
    "[training]\nsteps = 9\noptimizer = 'momentum'\n"
    "schedule = { kind = 'one_cycle', max = 1, momentum_high = 0.95 }\n"
)


def test_an_inline_schedule_keeps_comments_and_layout() -> None:
    changed = with_bounds(INLINE, 0.002, 0.3)
    assert changed == INLINE.replace("min=1e-5", "min=0.002").replace('"max" = 0.1', '"max" = 0.3')


def test_a_schedules_own_table_keeps_its_order() -> None:
    changed = with_bounds(TABLE, 1e-5, 0.3)
    assert changed == TABLE.replace("max = 1_0.5", "max = 0.3").replace("min = 0\n", "min = 1e-5\n")


def test_a_schedule_with_one_peak_takes_the_maximum() -> None:
    assert with_bounds(DOTTED, 1e-5, 0.3) == DOTTED.replace("rate = 0.1", "rate = 0.3")
    assert with_bounds(PEAK, 1e-5, 0.3) == PEAK.replace("max = 1,", "max = 0.3,")


@pytest.mark.parametrize("text", [INLINE, TABLE, DOTTED, PEAK])
def test_what_is_written_reads_back(text: str) -> None:
    schedule = tomllib.loads(with_bounds(text, 2.5e-7, 0.37))["training"]["schedule"]
    assert max(schedule.get("max", 0), schedule.get("rate", 0)) == 0.37
    assert schedule.get("min", 2.5e-7) == 2.5e-7


def test_a_study_without_a_schedule_is_refused() -> None:
    with pytest.raises(StudyError, match="no schedule"):
        with_bounds("[training]\nsteps = 9\nlearning_rate = 0.1\n", 1e-3, 1e-1)


@pytest.mark.parametrize("path", ["training.schedule.max", "training.schedule"])
def test_bounds_that_vary_are_refused(path: str) -> None:
    levels = (
        "[0.1, 0.2]"
        if path.endswith("max")
        else '[{ kind = "triangular", min = 1, max = 2, half_cycle = 3 }]'
    )
    with pytest.raises(StudyError, match=f"varies {path}"):
        with_bounds(f'{INLINE}\n"{path}" = {levels}\n', 1e-3, 1e-1)


def test_the_file_is_replaced_and_what_it_was_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    written = INLINE.replace("\n", "\r\n").encode()
    file.write_bytes(written)
    file.chmod(0o640)
    changed, backup = write_bounds(file, 0.00216, 0.299, written.decode())
    assert file.read_bytes() == written.replace(b"min=1e-5", b"min=0.0022").replace(
        b'"max" = 0.1', b'"max" = 0.3'
    )
    assert file.stat().st_mode & 0o777 == 0o640
    assert backup.read_bytes() == written
    assert "+schedule = " in changed
    assert "-schedule = " in changed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.toml", "a.toml.bak"]


def test_an_earlier_backup_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(INLINE)
    (tmp_path / "a.toml.bak").write_text("mine")
    assert write_bounds(file, 0.002, 0.3, INLINE)[1].name == "a.toml.bak-2"
    assert (tmp_path / "a.toml.bak").read_text() == "mine"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text(INLINE)
    link = tmp_path / "link.toml"
    link.symlink_to("real.toml")
    write_bounds(link, 0.002, 0.3, INLINE)
    assert link.is_symlink()
    assert "0.002" in (tmp_path / "real.toml").read_text()


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(INLINE + "\n# new")
    with pytest.raises(StudyError, match="has changed"):
        write_bounds(file, 0.002, 0.3, INLINE)
    assert file.read_text() == INLINE + "\n# new"
    assert len(list(tmp_path.iterdir())) == 1
