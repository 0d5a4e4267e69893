"""A run that is killed at random moments, again and again, ends with the same bits: benchmarks/kills.py."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).parents[3] / "benchmarks" / "kills.py"


def kills(tmp_path, *options):
    """What the benchmark found."""
    file = tmp_path / "found.json"
    command = [sys.executable, str(KILLS), "--json", str(file), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text())


def require_same_bits(found, count):
    signals = [kill["signal"] for kill in found["kills"]]
    assert signals.count("SIGKILL") == count
    assert found["differing"] == 0
    assert found["arrays"] > 50
    assert found["resumed"].get("from a checkpoint", 0) > 0
    assert any("in training" in kill["moment"] for kill in found["kills"])


def test_twenty_kills_a_sigterm_and_a_ctrl_c_change_no_bit(tmp_path):
    found = kills(tmp_path, "--kills", "20", "--stops", "2", "--again", "20")
    require_same_bits(found, 20)
    assert {"SIGTERM", "SIGINT"} <= {kill["signal"] for kill in found["kills"]}


@pytest.mark.slow
def test_two_hundred_kills_change_no_bit(tmp_path):
    require_same_bits(kills(tmp_path, "--kills", "200", "--seed", "1"), 200)
