import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from shoal.cli.check import check
from shoal.errors import StudyError
from shoal.layers import ReLU

STUDY = """
question = "Are the gradients right?"
[data]
name = "digits"
[network]
hidden = [6, 5]
[training]
batch_size = 50
epochs = 1
learning_rate = 0.1
[vary]
"network.batch_norm" = [false, true]
"training.l2" = [0.0, 0.02]
seed = 2
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def shoal_check(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(check)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def wrong_backward(self: ReLU, parameters: Any, saved: Any, dy: Any) -> Any:
    return dy, {}


def test_each_distinct_network_gets_a_table_and_the_end_a_verdict(study: Path):
    result = shoal_check(study, "--probes", "4")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.endswith("right") for line in lines) == 2
    assert "L2 0.02" in result.output
    assert sum("zero by construction" in line for line in lines) == 2
    assert lines[-1].startswith("networks checked: 2, at 2 points: all right, largest relative error")


def test_json_is_for_machines(study: Path):
    result = shoal_check(study, "--json", "--seeds", "2", "--probes", "4", "--examples", "6")
    assert result.exit_code == 0, result.output
    record = json.loads(result.output)
    assert record["ok"] is True
    assert [(n["seed"], n["examples"], n["ok"]) for n in record["networks"]] == [
        (0, 6, True),
        (1, 6, True),
    ] * 2
    verdicts = {block["verdict"] for network in record["networks"] for block in network["blocks"]}
    assert verdicts == {"ok", "zero by construction"}


def test_a_wrong_gradient_ends_with_exit_code_1_and_the_layer_to_look_at(
    study: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ReLU, "backward", wrong_backward)
    result = shoal_check(study, "--probes", "4")
    assert result.exit_code == 1
    assert "WRONG  look at relu_1, relu_2" in result.output
    assert result.output.splitlines()[-1].startswith("networks checked: 2, at 2 points: 2 WRONG")
    assert json.loads(shoal_check(study, "--probes", "4", "--json").output)["ok"] is False


def test_a_study_that_cannot_be_read_is_the_users_error(tmp_path: Path):
    result = shoal_check(tmp_path / "none.toml")
    assert isinstance(result.exception, StudyError)
