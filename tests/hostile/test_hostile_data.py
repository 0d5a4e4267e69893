"""Data files that a stranger or an accident made: each is one message, soon and in little memory."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import time
import unicodedata
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from shoal.data.files import load_own
from shoal.errors import DataError, StudyError
from shoal.population.initial_arrays import read_order

_TABLE = "a,b,kind\n" + "".join(f"{i},{i % 7},{('cat', 'dog')[i % 2]}\n" for i in range(40))
_X, _Y = np.arange(80, dtype=np.float32).reshape(40, 2), np.arange(40) % 2


def _images(folder: Path, *classes: str) -> Path:
    for name in classes:
        (folder / name).mkdir(parents=True)
        Image.new("L", (8, 8), 7).save(folder / name / "1.png")
    return folder


def _npz(path: Path, x: bytes) -> Path:
    y = io.BytesIO()
    np.save(y, _Y)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", x)
        archive.writestr("y.npy", y.getvalue())
    return path


def _npy(descr: str, shape: tuple[int, ...], fortran: bool = False) -> bytes:
    header = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header


def _load(path: Path) -> None:
    load_own(str(path), "kind" if path.suffix == ".csv" else None)


@pytest.mark.parametrize("suffix", ["csv", "npz", "mat"])
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "pipe"])
def test_devices_and_pipes_are_refused_at_once(tmp_path: Path, suffix: str, device: str):
    path = tmp_path / f"data.{suffix}"
    if device == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(device)
    with pytest.raises(DataError, match=r"is a (device|named pipe); expected a file"):
        _load(path)


def test_a_pipe_as_order_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "order.npz")
    with pytest.raises(StudyError, match="named pipe"):
        read_order(tmp_path / "order.npz", 4)


def test_images_may_not_be_pipes_or_links(tmp_path: Path):
    folder = _images(tmp_path / "own", "cat", "dog")
    os.mkfifo(folder / "cat" / "2.png")
    with pytest.raises(DataError, match="named pipe"):
        _load(folder)
    (folder / "cat" / "2.png").unlink()
    (folder / "cat" / "2.png").symlink_to(tmp_path / "own" / "dog" / "1.png")
    with pytest.raises(DataError, match="symbolic link"):
        _load(folder)


def test_the_folder_that_is_named_may_be_a_link(tmp_path: Path):
    _images(tmp_path / "own", "cat", "dog")
    (tmp_path / "link").symlink_to(tmp_path / "own")
    assert load_own(str(tmp_path / "link")).classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (_npy("<f8", (1 << 40, 2)), "GiB"),
        (_npy("<f8", (2, 1 << 40), fortran=True), "GiB"),
        (_npy("<f8", (40, 2)), "announces 640 bytes and has"),
        (_npy("|O", (40, 2)), "pickles"),
        (b"\x93NUMPY\2\0" + struct.pack("<I", 1 << 31) + b" " * 64, "header of more than"),
    ],
)
def test_headers_that_announce_what_is_not_there(tmp_path: Path, x: bytes, message: str):
    with pytest.raises(DataError, match=message):
        _load(_npz(tmp_path / "data.npz", x))


def test_the_limit_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "data.npz"
    np.savez(path, x=_X, y=_Y)
    monkeypatch.setenv("SHOAL_DATA_LIMIT", "100")
    with pytest.raises(DataError, match="SHOAL_DATA_LIMIT"):
        _load(path)
    monkeypatch.setenv("SHOAL_DATA_LIMIT", "much")
    with pytest.raises(DataError, match="expected a number of bytes"):
        _load(path)
    monkeypatch.setenv("SHOAL_DATA_LIMIT", "1000")
    _load(path)


def test_matlab_7_3_that_announces_8_gib_or_names_other_files(tmp_path: Path):
    for case in ("large", "link", "external"):
        path = tmp_path / f"{case}.mat"
        with h5py.File(path, "w", userblock_size=512) as file:
            file["y"] = _Y[None]
            if case == "large":
                file.create_dataset("X", (1 << 15, 1 << 15), "f8", chunks=(64, 64))
            elif case == "link":
                file["X"] = h5py.ExternalLink("other.mat", "X")
            else:
                file.create_dataset("X", (2, 40), "u1", external=[("/etc/passwd", 0, 80)])
        with path.open("r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file".ljust(512))
        with pytest.raises(DataError, match=r"GiB|link to elsewhere|in another file"):
            _load(path)


def test_matlab_5_that_unpacks_beyond_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "data.mat"
    savemat(path, {"X": _X, "y": _Y})
    bomb = zlib.compress(bytes(8 << 20))
    path.write_bytes(path.read_bytes() + struct.pack("<II", 15, len(bomb)) + bomb)
    monkeypatch.setenv("SHOAL_DATA_LIMIT", str(4 << 20))
    with pytest.raises(DataError, match="unpacks to more"):
        _load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,kind\n" + "1" * (1 << 24) + ",1,cat\n", "a line of more than"),
        (_TABLE + f"1,1,{'x' * 131_000}\n", "131,000 characters"),
    ],
    ids=["line", "label"],
)
def test_long_lines_and_labels(tmp_path: Path, content: str, message: str):
    (tmp_path / "data.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        _load(tmp_path / "data.csv")


def test_accents_and_case_are_pointed_out(tmp_path: Path):
    name = "caf\u00e9"
    table = _TABLE.replace("cat", name) + f"1,1,{unicodedata.normalize('NFD', name)}\n1,1,DOG\n"
    (tmp_path / "data.csv").write_text(table)
    data = load_own(str(tmp_path / "data.csv"), "kind")
    assert data.classes == ("DOG", name, "dog")
    assert any("accents" in note for note in data.notes)
    assert any("capital letters" in note for note in data.notes)


def test_different_scales_are_pointed_out(tmp_path: Path):
    np.savez(tmp_path / "d.npz", x=_X / 80, y=_Y, x_test=_X * 3, y_test=_Y)
    assert any("different scales" in note for note in load_own(str(tmp_path / "d.npz")).notes)
    np.savez(tmp_path / "d.npz", x=_X, y=_Y, x_test=_X, y_test=_Y)
    assert load_own(str(tmp_path / "d.npz")).notes == ()


def test_class_folders_of_no_utf8(tmp_path: Path):
    folder = _images(tmp_path / "own", "cat", os.fsdecode(b"d\xff"))
    with pytest.raises(DataError, match=r"d\\udcff, a name that is not UTF-8"):
        _load(folder)


@pytest.mark.parametrize("kind", ["pipe", "zeros"])
def test_the_command_line_ends_with_2_in_little_memory(tmp_path: Path, kind: str):
    path = tmp_path / "data.npz"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        _npz(path, _npy("<f8", (1 << 30, 2)) + bytes(1 << 20))
    study = tmp_path / "study.toml"
    study.write_text(
        '[data]\npath = "data.npz"\n\n[network]\nhidden = [4]\n\n'
        "[training]\nsteps = 10\nlearning_rate = 0.1\n"
    )
    code = "import sys; from shoal.cli.main import main; sys.argv = ['shoal', 'check', sys.argv[1]]; main()"
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", code, study], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "data.npz" in ended.stderr
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(("suffix", "inputs"), [("csv", 60), ("npz", 60), ("mat", 6), ("png", 60)])
def test_damaged_bytes_are_data_or_one_error(tmp_path: Path, suffix: str, inputs: int):
    """Each MATLAB file starts a process, so these are few; `benchmarks/fuzz_data.py` has more."""
    path = tmp_path / f"data.{suffix}"
    if suffix == "csv":
        path.write_text(_TABLE)
    elif suffix == "npz":
        np.savez_compressed(path, x=_X, y=_Y)
    elif suffix == "mat":
        savemat(path, {"X": _X, "y": _Y}, do_compression=False)  # no checksum is in the way
    else:
        _images(tmp_path / "own", "cat", "dog")
        path = tmp_path / "own" / "cat" / "1.png"
    sound, random = path.read_bytes(), np.random.default_rng(7)
    for _ in range(inputs):
        damaged = bytearray(sound)
        for place in random.integers(len(sound), size=random.integers(1, 5)):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged[: random.integers(len(sound))] if random.random() < 0.2 else damaged)
        try:
            _load(tmp_path / "own" if suffix == "png" else path)
        except DataError:
            continue
