import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from shoal.cli.data import app
from shoal.data.published import download
from shoal.errors import DataError, ShoalError


@pytest.fixture(autouse=True)
def no_other_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOAL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("SHOAL_DATA_DIR", raising=False)


def shoal_data(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def write_cifar10(folder: Path) -> Path:
    """A small CIFAR-10 of all-alike pixels, in the publisher's layout."""
    place = folder / "cifar-10-batches-bin"
    place.mkdir(parents=True)
    for number in range(6):
        name = "test_batch.bin" if number == 5 else f"data_batch_{number + 1}.bin"
        records = np.full((4, 3073), number, np.uint8)
        records[:, 0] = [0, 1, 2, 9]
        records.tofile(place / name)
    return place


def test_list_shows_what_there_is_and_where(tmp_path: Path):
    place = write_cifar10(tmp_path)
    result = shoal_data("list", "--data-dir", tmp_path)
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.output.splitlines()}
    assert str(place) in rows["cifar10"]
    assert rows["cifar10"].split()[-1] == "ready"
    assert "32 x 32 x 3" in rows["cifar10"]
    assert "50,000 + 10,000" in rows["cifar10"]
    assert "scikit-learn" in rows["digits"]
    assert rows["mnist"].rstrip().endswith("shoal data fetch mnist")


def test_list_says_what_an_incomplete_folder_lacks(tmp_path: Path):
    (write_cifar10(tmp_path) / "test_batch.bin").unlink()
    assert "lacks test_batch.bin" in shoal_data("list", "--data-dir", tmp_path).output


def test_verify_whole_files_exits_0(tmp_path: Path):
    write_cifar10(tmp_path)
    result = shoal_data("verify", "cifar10", "digits", "--data-dir", tmp_path)
    assert result.exit_code == 0
    assert result.output.count(": ok ") == 8
    assert "fingerprint" in result.output


def test_verify_damaged_files_exits_1_after_telling_all(tmp_path: Path):
    damaged = write_cifar10(tmp_path) / "data_batch_2.bin"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    result = shoal_data("verify", "mnist", "cifar10", "--data-dir", tmp_path)
    assert result.exit_code == 1
    assert f"cifar10: WRONG {damaged}: " in result.output
    assert "mnist: not found" in result.output
    assert "shoal data fetch mnist cifar10" in result.output


def test_verify_what_is_not_there_is_the_users_error(tmp_path: Path):
    result = shoal_data("verify", "digits", "mnist", "--data-dir", tmp_path)
    assert isinstance(result.exception, DataError)
    assert result.exception.exit_code == 2
    assert "digits: ok" in result.output


@pytest.mark.parametrize("command", ["verify", "fetch"])
def test_an_unknown_name_stops_before_anything_is_done(command: str):
    result = shoal_data(command, "digits", "mnits")
    assert isinstance(result.exception, ShoalError)
    assert "did you mean 'mnist'" in str(result.exception)
    assert result.output == ""


def test_fetch_leaves_alone_what_is_there(tmp_path: Path):
    place = write_cifar10(tmp_path)
    result = shoal_data("fetch", "cifar10", "digits", "--data-dir", tmp_path)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"cifar10: already in {place}",
        "digits: comes with scikit-learn, nothing to fetch",
    ]


def test_fetch_places_the_files_and_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def receive(_url: str, _file: object, temporary: Path, _progress: object) -> None:
        write_cifar10(tmp_path / "new")
        temporary.write_bytes(b"")

    monkeypatch.setattr(download, "_receive", receive)
    result = shoal_data("fetch", "cifar10", "--data-dir", tmp_path / "new")
    assert result.exit_code == 0
    assert "cifar10: in" in result.output
    assert "SHA-256 verified" in result.output


def test_asking_for_help_loads_nothing_heavy():
    code = (
        "import sys; from shoal.cli.data import app; app(['--help'], standalone_mode=False); "
        "print(sorted({'jax', 'numpy', 'sklearn', 'platformdirs'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
