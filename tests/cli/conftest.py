"""Fixtures of whoever types in commands."""

import sys
from pathlib import Path

import pytest

from shoal.cli.main import main
from typed_in import STUDY


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOAL_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("SHOAL_DATA_DIR", raising=False)
        yield


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in, with a study in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(STUDY)
    return tmp_path


@pytest.fixture
def type_in(monkeypatch, capsys):
    """Runs the command line in this process: (exit code, standard output, standard error)."""

    def typed(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["shoal", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        code = left.value.code
        return (0 if code is None else int(code), *capsys.readouterr())

    return typed
