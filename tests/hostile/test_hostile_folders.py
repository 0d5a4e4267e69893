"""Links, devices, pipes and folders in place of a run's files are refused, and nothing outside changes."""

import hashlib
import json
import os
import socket
import sqlite3
import struct
import sys

import pytest

import shoal
from crafted_pieces import (
    EVERY,
    begun,
    copied,
    examples,
    plain_study,
    search_study,
)
from shoal.cli.main import main
from shoal.cli.resume_options import free_folder
from shoal.errors import RunError
from shoal.folder import Folder
from shoal.runs.folder import RunFolder
from shoal.runs.shared_checkpoints import WorkerCheckpoints, share_with_workers
from shoal.search.database import require_database
from shoal.search.strategies import strategy_of

STUDY = plain_study()
PRECIOUS = b"precious\n"
FILES = [
    ".lock",
    "log.jsonl",
    "manifest.json",
    ".manifest.previous.json",
    ".manifest.json.part",
    "study.toml",
    "results.nc",
    ".results.nc.part",
    "weights.safetensors",
    "report.html",
    "run.json",
    "search.nc",
    "optuna.db",
    "chunks/0000.safetensors",
    "checkpoints/0001-000000000001.safetensors",
    "workers/topic/0001-000000000001-" + 64 * "0" + ".safetensors",
]
NAMED = [".lock", "log.jsonl", "manifest.json", "study.toml"]
FOLDERS = ["chunks", "checkpoints", "workers", "rounds"]


@pytest.fixture
def outside(tmp_path):
    """A folder of somebody's own, which must stay as it is."""
    folder = tmp_path / "outside"
    (folder / "0001").mkdir(parents=True)
    for name in ("0000.safetensors", "0001-000000000001.safetensors", "0001/file", ".x.part", "profile"):
        (folder / name).write_bytes(PRECIOUS)
    before = tree(folder)
    yield folder
    assert tree(folder) == before


def tree(folder):
    """Names, content, mode and time of change of everything below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(folder))] = content, status.st_mode, status.st_mtime_ns
    return found


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A finished run and an unfinished one."""
    place = tmp_path_factory.mktemp("folders")
    shoal.run(STUDY, place / "finished", dataset=examples(), **EVERY)
    begun(STUDY, place / "half", 12)
    return place


def link(path, outside):
    path.symlink_to(outside / "profile")


def link_to_folder(path, outside):
    path.symlink_to(outside)


def link_to_nothing(path, outside):
    path.symlink_to(outside / "new")


def link_to_a_device(path, outside):
    path.symlink_to("/dev/zero")


def link_to_itself(path, outside):
    path.symlink_to(path.name)


def pipe(path, outside):
    os.mkfifo(path)


def plug(path, outside):
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name is short
    try:
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(path.name)
    finally:
        os.chdir(here)


def device(path, outside):
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


KINDS = [link, link_to_folder, link_to_nothing, link_to_a_device, link_to_itself, pipe, plug, device]


def typed(monkeypatch, capsys, *words):
    """The exit code of `shoal WORDS` and what it said."""
    monkeypatch.setattr(sys, "argv", ["shoal", *map(str, words)])
    try:
        main()
    except SystemExit as end:
        said = capsys.readouterr()
        return end.code, said.err + said.out
    raise AssertionError("main always exits")


def commands(folder):
    """Whatever looks into a run folder."""
    study = folder.parent / "asked.toml"
    study.write_text(STUDY.text)
    return [
        ("report", folder),
        ("run", study, "--out", folder, "--resume"),
        ("run", study, "--out", folder),
    ]


def put(folder, name, kind, outside):
    """Something of this kind in place of whatever has the name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        for one in path.iterdir():
            one.unlink()
        path.rmdir()
    path.unlink(missing_ok=True)
    kind(path, outside)
    return path


@pytest.mark.parametrize(
    ("which", "kind"),
    [*(("finished", kind) for kind in KINDS), ("half", link), ("half", link_to_folder), ("half", pipe)],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_nothing_but_files_and_folders_is_touched(
    which, kind, template, outside, tmp_path, monkeypatch, capsys
):
    for number, name in enumerate([*FILES[:-1], *FOLDERS]):
        folder = copied(template / which, tmp_path / f"run{number}")
        path = put(folder, name, kind, outside)
        before = path.lstat().st_ino, path.lstat().st_mtime_ns
        for words in commands(folder):
            code, said = typed(monkeypatch, capsys, *words)
            assert code == 2, (name, words, said)
            assert "Traceback" not in said
            refused = "was expected there" in said or "is not the folder of a finished run" in said
            assert refused or "already holds a run" in said, (name, words, said)
        with pytest.raises(RunError):
            shoal.open_run(folder)
        assert (path.lstat().st_ino, path.lstat().st_mtime_ns) == before


@pytest.mark.parametrize("kind", [link, link_to_a_device, pipe], ids=lambda kind: kind.__name__)
def test_what_lies_among_workers_files_is_left_alone(kind, template, outside, tmp_path):
    folder = copied(template / "half", tmp_path / "run")
    path = put(folder, FILES[-1], kind, outside)
    with RunFolder(folder, STUDY.text) as kept, share_with_workers(kept, "other"):
        shared = WorkerCheckpoints(folder, "topic", print)
        assert "checkpoints/0001-000000000001.safetensors" in shared.names("checkpoints/0001-")
        shared.remove("checkpoints/0001-000000000001.safetensors")
    assert os.path.lexists(path)


def test_a_linked_workers_folder_is_refused_by_whoever_writes_there(template, outside, tmp_path):
    folder = copied(template / "half", tmp_path / "run")
    with RunFolder(folder, STUDY.text) as kept, share_with_workers(kept, "topic"):
        shared = WorkerCheckpoints(folder, "topic", print)
        (folder / "workers" / "topic").rmdir()
        (folder / "workers" / "topic").symlink_to(outside)
        with pytest.raises(RunError, match="symbolic link"):
            shared.write_bytes("checkpoints/0001-000000000002.safetensors", b"")
        (folder / "workers" / "topic").unlink()


@pytest.mark.parametrize("name", [*NAMED, "results.nc", "run.json"])
def test_a_folder_in_place_of_a_file_is_said(name, template, outside, tmp_path, monkeypatch, capsys):
    for which in ("finished", "half"):
        folder = copied(template / which, tmp_path / which)
        put(folder, name, lambda path, _: path.mkdir(), outside)
        (folder / name / "own").write_bytes(PRECIOUS)
        for words in commands(folder)[:2]:
            code, said = typed(monkeypatch, capsys, *words)
            if name in ("run.json", "log.jsonl") and code == 0:
                continue  # nobody needs it to show the results
            assert code == 2, (words, said)
            assert "Traceback" not in said
        assert (folder / name / "own").read_bytes() == PRECIOUS


@pytest.mark.parametrize("name", [*NAMED, "report.html", "optuna.db"])
def test_a_hard_link_keeps_its_other_name_as_it_is(name, template, tmp_path, monkeypatch, capsys):
    folder, own = copied(template / "finished", tmp_path / "run"), tmp_path / "profile"
    own.write_bytes((folder / name).read_bytes() if (folder / name).exists() else PRECIOUS)
    content = own.read_bytes()
    put(folder, name, lambda path, _: os.link(own, path), None)
    for words in commands(folder)[:2]:
        code, said = typed(monkeypatch, capsys, *words)
        assert code in (0, 2), said
        assert own.read_bytes() == content


def test_only_files_of_a_runs_own_names_are_cleaned_away(template, tmp_path):
    folder = copied(template / "half", tmp_path / "run")
    for name in ("chunks/thesis.tex", "checkpoints/photo.png", "checkpoints/.hidden", "notes.txt"):
        (folder / name).write_bytes(PRECIOUS)
    (folder / "chunks" / "0007.safetensors").write_bytes(b"left by a process that was killed")
    shoal.run(STUDY, folder, dataset=examples(), resume=True, **EVERY)
    for name in ("chunks/thesis.tex", "checkpoints/photo.png", "checkpoints/.hidden", "notes.txt"):
        assert (folder / name).read_bytes() == PRECIOUS
    assert not (folder / "chunks" / "0007.safetensors").exists()


MANIFESTS = {
    "a device": {"/dev/zero": "0" * 64},
    "a file elsewhere": {"../outside/profile": "0" * 64},
    "an absolute name": {"/etc/passwd": "0" * 64},
    "a file in a folder elsewhere": {"chunks/../../outside/profile": "0" * 64},
    "a name with an escape": {"\x1b[2J.nc": "0" * 64},
    "a hidden file": {".bashrc": "0" * 64},
    "nested": "[" * 100_000,
    "nested tables": '{"a":' * 100_000,
    "huge numbers": '{"results.nc": ' + "9" * 100_000 + "}",
    "numbers": {"results.nc": 5},
    "a list": [],
    "three hashes": {"results.nc": ["0" * 64] * 3},
    "empty": "",
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("what", MANIFESTS)
def test_a_hostile_manifest_is_refused(what, template, outside, tmp_path, monkeypatch, capsys):
    given = MANIFESTS[what]
    content = (
        given
        if isinstance(given, bytes)
        else (given if isinstance(given, str) else json.dumps(given)).encode()
    )
    for which in ("finished", "half"):
        folder = copied(template / which, tmp_path / which)
        (folder / ".manifest.previous.json").unlink(missing_ok=True)
        (folder / "manifest.json").write_bytes(content)
        before = tree(folder)
        for words in commands(folder)[:2]:
            code, said = typed(monkeypatch, capsys, *words)
            assert code == 2, said
            assert "manifest.json is damaged" in said
            assert "\x1b" not in said
            assert len(said) < 1000
        after = tree(folder)
        assert {name: one[0] for name, one in after.items() if name != ".lock"} == {
            name: one[0] for name, one in before.items()
        }


def test_a_dangling_link_counts_as_taken(tmp_path):
    (tmp_path / "name").symlink_to(tmp_path / "nowhere")
    assert free_folder(tmp_path, "name") == tmp_path / "name-2"


def journal(name):
    """A rollback journal, played back, that names another file as the one to delete afterwards."""
    name = str(name).encode()
    checksum = sum(byte if byte < 128 else byte - 256 for byte in name) & 0xFFFFFFFF
    begin = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", 0, 0, 1, 512, 4096)
    named = struct.pack(">I", 2**30 // 4096 + 1) + name + struct.pack(">II", len(name), checksum)
    return begin.ljust(512, b"\0") + named + bytes.fromhex("d9d505f920a163d7")


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT * FROM n"


def database(path, *statements):
    with sqlite3.connect(path) as opened:
        for statement in statements:
            opened.execute(statement)
    opened.close()


def test_a_journal_that_would_delete_a_file_is_refused(outside, tmp_path):
    database(tmp_path / "optuna.db", "CREATE TABLE alembic_version (a)")
    (tmp_path / "optuna.db-journal").write_bytes(journal(outside / "profile"))
    with (
        Folder.open(tmp_path) as folder,
        pytest.raises(RunError, match="names another file, which SQLite would"),
    ):
        require_database(folder, "optuna.db")
    assert (outside / "profile").exists()


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        (
            f"CREATE VIEW studies AS {ENDLESS}",
            "views",
        ),
        ("CREATE TABLE studies (a)", "other tables"),
        ("PRAGMA journal_mode = WAL", "rollback journal"),
    ],
)
def test_a_database_of_other_tables_is_refused(statement, wrong, tmp_path):
    pytest.importorskip("optuna")
    database(tmp_path / "optuna.db", statement)
    with Folder.open(tmp_path) as folder, pytest.raises(RunError, match=wrong):
        require_database(folder, "optuna.db")


@pytest.mark.parametrize("content", [b"x", b"no database" * 100, b"SQLite format 3\0" + bytes(4000)])
def test_what_is_no_database_is_refused(content, tmp_path):
    pytest.importorskip("optuna")
    (tmp_path / "optuna.db").write_bytes(content)
    with pytest.raises(RunError, match=r"optuna\.db cannot be used") as refusal:
        strategy_of(search_study("tpe", population=2, rounds=2, finalists=1), 0.1, tmp_path)
    assert refusal.value.exit_code == 2
    assert (tmp_path / "optuna.db").read_bytes() == content


def test_rows_that_optuna_did_not_write_are_said(tmp_path):
    pytest.importorskip("optuna")
    study = search_study("tpe", population=2, rounds=2, finalists=1)
    strategy_of(study, 0.1, tmp_path).close()
    database(tmp_path / "optuna.db", "UPDATE study_user_attributes SET value_json = '{'")
    with pytest.raises(RunError, match=r"Optuna cannot use .*optuna\.db"):
        strategy_of(study, 0.1, tmp_path)


def test_a_reproductions_pages_are_written_beside_links_not_through_them(outside, tmp_path):
    from shoal.reproduce.adapt import Mode
    from shoal.reproduce.command import Request, reproduce_reports

    out = tmp_path / "out"
    (out / "images").mkdir(parents=True)
    for name in ("index.html", "ledger.json", "reproduction.md"):
        (out / name).symlink_to(outside / "profile")
    reproduce_reports(Request(("001",), Mode(2, True, True), out, finished_only=True), [], lambda name: None)
    assert not any((out / name).is_symlink() for name in ("index.html", "ledger.json", "reproduction.md"))
    (out / "images").rename(out / "moved")
    (out / "images").symlink_to(outside)
    with pytest.raises(RunError, match="images is a symbolic link; a folder was expected"):
        reproduce_reports(
            Request(("001",), Mode(2, True, True), out, finished_only=True), [], lambda name: None
        )
