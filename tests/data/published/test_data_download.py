import fcntl
import gzip
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import shoal.data.published.download as download_module
from data_files import CIFAR10, MNIST, cifar10_files, idx_bytes, mnist_arrays, published_as, tar_bytes
from shoal.data import load
from shoal.data.published import download
from shoal.data.published.download import shown
from shoal.data.published.registry import SOURCES, Source
from shoal.errors import DataError

MNIST_FILES = {
    f"{name}.gz": gzip.compress(idx_bytes(array), mtime=0) for name, array in mnist_arrays().items()
}
FIRST = "train-images-idx3-ubyte.gz"


class Server:
    """Serves files as /good/NAME, as /wrong/ (other bytes), /short/ (cut off), /long/ (without a length,
    and more than there is) and /missing/; remembers what was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked = files, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, manner, name = self.path.split("/")
                outer.asked.append(self.path)
                content = outer.files.get(name, b"")
                if manner == "missing":
                    self.send_error(404)
                    return
                self.send_response(200)
                if manner != "long":
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                sent = {
                    "good": content,
                    "wrong": bytes(len(content)),
                    "short": content[:-10],
                    "long": content + b"more",
                }
                if manner == "drip":
                    self._drip(content)
                    return
                self.wfile.write(sent[manner])

            def _drip(self, content: bytes) -> None:
                """A byte now and then, until the other side has gone."""
                for byte in content:
                    try:
                        self.wfile.write(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.02)

            def log_message(self, *_: object) -> None:
                """Keep the tests' output quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def mirror(self, manner: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{manner}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    made = Server(MNIST_FILES)
    yield made
    made.close()


def serve(monkeypatch: pytest.MonkeyPatch, server: Server, *manners: str, base: Source = MNIST) -> None:
    """Make the known data set one that this server publishes at these mirrors."""
    source = published_as(base, server.files, tuple(server.mirror(manner) for manner in manners))
    monkeypatch.setitem(SOURCES, base.name, source)


def quiet(_name: str, _done: int, _total: int) -> None:
    """Report nothing."""


def test_a_data_set_is_fetched_once_into_the_cache(
    monkeypatch: pytest.MonkeyPatch, server: Server, own_cache: Path
):
    serve(monkeypatch, server, "good")
    first = load("mnist", progress=quiet)
    assert len(server.asked) == 4
    assert sorted(p.name for p in (own_cache / "data" / "mnist").iterdir()) == sorted(MNIST_FILES)
    again = load("mnist", progress=quiet)
    assert len(server.asked) == 4
    assert again.fingerprint == first.fingerprint
    assert "contents match the published SHA-256" in again.source


def test_an_archive_is_fetched_and_never_unpacked(
    monkeypatch: pytest.MonkeyPatch, server: Server, tmp_path: Path
):
    server.files = {"cifar-10-binary.tar.gz": tar_bytes(cifar10_files())}
    serve(monkeypatch, server, "good", base=CIFAR10)
    (tmp_path / "here").mkdir()
    made = load("cifar10", tmp_path / "here", progress=quiet)
    assert "matches the published SHA-256" in made.source
    assert os.listdir(tmp_path / "here") == ["cifar-10-binary.tar.gz"]


@pytest.mark.parametrize("manner", ["missing", "wrong", "short", "long"])
def test_the_next_mirror_is_tried(monkeypatch: pytest.MonkeyPatch, server: Server, manner: str):
    serve(monkeypatch, server, manner, "good")
    load("mnist", progress=quiet)
    assert server.asked[:2] == [f"/{manner}/{FIRST}", f"/good/{FIRST}"]


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        ("missing", "answered 404 Not Found"),
        ("wrong", r"wrong checksum: SHA-256 [0-9a-f]{12}\.\.\., published [0-9a-f]{12}\.\.\."),
        ("short", r"(cut off|ended after \d+ of \d+ bytes)"),
    ],
)
def test_a_bad_download_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, server: Server, own_cache: Path, manner: str, reason: str
):
    serve(monkeypatch, server, manner)
    with pytest.raises(DataError, match=rf"could not download {FIRST} of MNIST \(127.0.0.1:\d+: {reason}"):
        load("mnist", progress=quiet)
    assert os.listdir(own_cache / "data" / "mnist") == []


def test_a_download_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch, server: Server, own_cache: Path):
    monkeypatch.setattr(download_module, "_WINDOW", 0.1)
    serve(monkeypatch, server, "drip")
    with pytest.raises(DataError, match=r"too slow: \d+ bytes a second, at least 1,024 are expected"):
        load("mnist", progress=quiet)
    assert os.listdir(own_cache / "data" / "mnist") == []


def test_parts_of_killed_downloads_are_removed_and_those_of_living_ones_stay(
    monkeypatch: pytest.MonkeyPatch, server: Server, own_cache: Path
):
    place = own_cache / "data" / "mnist"
    place.mkdir(parents=True)
    dead, living, other = (
        place / f".{FIRST}{end}" for end in (".0123abcd.part", ".4567abcd.part", ".x.part")
    )
    for path in (dead, living, other):
        path.write_bytes(b"part")
        os.utime(path, (1, 1))
    serve(monkeypatch, server, "good")
    with living.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        load("mnist", progress=quiet)
    assert [path.exists() for path in (dead, living, other)] == [False, True, True]


def test_more_bytes_than_published_are_not_taken(monkeypatch: pytest.MonkeyPatch, server: Server):
    serve(monkeypatch, server, "long")
    with pytest.raises(DataError, match=r"sends more than the \d+ bytes published"):
        load("mnist", progress=quiet)


def test_no_network_says_where_to_put_the_files_by_hand(
    monkeypatch: pytest.MonkeyPatch, server: Server, own_cache: Path
):
    serve(monkeypatch, server, "good", "good")
    server.close()
    monkeypatch.setattr(server, "close", lambda: None)
    with pytest.raises(DataError, match="no connection") as caught:
        load("mnist", progress=quiet)
    assert caught.value.what.count("no connection") == 2
    assert all(name in caught.value.remedy for name in MNIST_FILES)
    assert f"put into {own_cache / 'data' / 'mnist'}" in caught.value.remedy


def test_files_placed_by_hand_as_told_are_found(own_cache: Path):
    place = own_cache / "data" / "mnist"
    place.mkdir(parents=True)
    for name, content in MNIST_FILES.items():
        (place / name).write_bytes(content)
    assert len(load("mnist", download=False).train) == 12


def test_an_interrupted_download_leaves_whole_files_only_and_goes_on_later(
    monkeypatch: pytest.MonkeyPatch, server: Server, own_cache: Path
):
    serve(monkeypatch, server, "good")

    def stop_at_second(name: str, done: int, _total: int) -> None:
        if name != FIRST and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load("mnist", progress=stop_at_second)
    assert os.listdir(own_cache / "data" / "mnist") == [FIRST]
    load("mnist", progress=quiet)
    assert server.asked.count(f"/good/{FIRST}") == 1


def test_progress_counts_up_to_the_size(monkeypatch: pytest.MonkeyPatch, server: Server):
    serve(monkeypatch, server, "good")
    monkeypatch.setattr(download, "_BLOCK", 1000)
    seen: list[tuple[str, int, int]] = []
    load("mnist", progress=lambda *report: seen.append(report))
    size = len(MNIST_FILES[FIRST])
    mine = [done for name, done, total in seen if name == FIRST and total == size]
    assert mine[0] == 0
    assert mine == sorted(mine)
    assert mine[-1] == size


def test_away_from_a_terminal_progress_is_a_few_lines(capsys: pytest.CaptureFixture[str]):
    with shown() as report:
        for done in range(0, 2_000_001, 1000):
            report("big.gz", done, 2_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "downloading big.gz (2.0 MB)",
        *(f"downloading big.gz: {percent}%" for percent in (25, 50, 75, 100)),
    ]


def test_on_a_terminal_progress_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with shown() as report:
        report("big.gz", 0, 2_000_000)
        report("big.gz", 2_000_000, 2_000_000)
    assert "2.0/2.0 MB" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SHOAL_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot write to .*file.data.mnist") as caught:
        load("mnist", progress=quiet)
    assert "SHOAL_CACHE_DIR" in caught.value.remedy


def test_a_read_only_cache_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, server: Server, own_cache: Path
):
    serve(monkeypatch, server, "good")
    opened = Path.open

    def read_only(path: Path, mode: str = "r", *rest: object, **more: object) -> object:
        if "x" in mode and path.is_relative_to(own_cache):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, mode, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", read_only)
    with pytest.raises(DataError, match=r"cannot write to .*mnist: Permission denied"):
        load("mnist", progress=quiet)
    assert server.asked == []
