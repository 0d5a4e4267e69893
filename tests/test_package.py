"""The package as a whole: what it hands out, what importing it costs, which way its rooms may look."""

import ast
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

import shoal

SOURCE = Path(shoal.__file__).parent
HEAVY = [
    "jax",
    "jaxlib",
    "numpy",
    "matplotlib",
    "xarray",
    "scipy",
    "sklearn",
    "pandas",
    "optax",
    "pydantic",
    "h5netcdf",
]
LIST_HEAVY = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_shoal_loads_nothing_heavy():
    assert python(f"import shoal; {LIST_HEAVY}") == "[]\n"


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["run", "--help"],
        ["check", "--help"],
        ["doctor", "--help"],
        ["report", "--help"],
        ["--version"],
    ],
)
def test_asking_for_help_loads_nothing_heavy(command):
    """But for pydantic, which typer loads itself where it is installed."""
    code = f"""
import sys
from shoal.cli.main import main
sys.argv = ["shoal", *{command}]
try:
    main()
except SystemExit as left:
    assert left.code in (0, None), left.code
{LIST_HEAVY}
"""
    assert python(code).splitlines()[-1] in ("[]", "['pydantic']")


def test_reading_a_study_file_does_not_load_jax():
    assert "jax" not in python(f"import shoal; shoal.load_study; {LIST_HEAVY}")


def test_the_public_names_are_these_and_each_resolves():
    assert shoal.__all__ == ["Study", "__version__", "load_study", "open_run", "run"]
    assert all(getattr(shoal, name) for name in shoal.__all__)
    assert set(shoal.__all__) <= set(dir(shoal))


@pytest.mark.parametrize(
    "room",
    [
        "analysis",
        "data",
        "doctor",
        "errors",
        "gradients",
        "layers",
        "network",
        "report",
        "search",
        "study",
        "training",
    ],
)
def test_a_room_is_reached_through_the_package(room):
    assert getattr(shoal, room).__name__ == f"shoal.{room}"
    assert room in dir(shoal)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'shoal' has no attribute 'trian'"):
        shoal.trian  # noqa: B018


def test_what_is_loaded_late_is_what_type_checkers_are_told():
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    told = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("shoal.")
        for alias in node.names
    }
    assert told == {**shoal._HOME, "__version__": "shoal.version"}


@pytest.mark.parametrize("name", ["CATALOGUE", "Cause", "Diagnosis", "Layout", "assert_correct", "diagnose"])
def test_the_doctor_is_found_where_it_was_for_one_more_version(name):
    with pytest.warns(FutureWarning, match=f"shoal.gradients.{name} is now shoal.doctor.{name}"):
        assert getattr(shoal.gradients, name) is getattr(shoal.doctor, name)


def test_the_examination_of_a_submission_is_found_where_it_was_for_one_more_version():
    from shoal.doctor.submissions.examine import examine

    with pytest.warns(FutureWarning, match=r"now shoal.doctor.submissions.examine.examine"):
        assert import_module("shoal.study.examine").examine is examine


def test_the_version_is_that_of_the_installed_package():
    assert version("shoal") == shoal.__version__


def test_the_command_is_installed():
    (command,) = [entry for entry in entry_points(group="console_scripts") if entry.name == "shoal"]
    assert command.value == "shoal.cli.main:main"


def test_the_import_contracts_fail_on_what_they_forbid(tmp_path):
    """Their passing on the package itself is shown by tests/test_style.py."""
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("lint-imports is not installed: pip install '.[test]'")
    shutil.copytree(SOURCE, tmp_path / "shoal", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).parents[1] / "pyproject.toml", tmp_path)
    for module, forbidden in [
        ("data/split", "shoal.gradients"),
        ("layers/relu", "numpy"),
        ("network/naming", "numpy"),
        ("report/page", "jax"),
    ]:
        with (tmp_path / "shoal" / f"{module}.py").open("a") as file:
            file.write(f"\n\ndef _forbidden():\n    import {forbidden}\n")
    done = subprocess.run([linter, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert "Contracts: 0 kept, 4 broken." in done.stdout


def test_every_module_says_what_it_is_for():
    silent = [path for path in SOURCE.rglob("*.py") if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_every_error_of_the_package_is_one_that_the_command_line_can_tell():
    from shoal import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(issubclass(kind, errors.ShoalError) for kind in kinds)
    assert {kind.exit_code for kind in kinds} == {1, 2}
    assert str(errors.StudyError("What came.", "What to do.")) == "What came.\n  -> What to do."
    assert str(errors.StudyError("What came.")) == "What came."
