"""A small submission with some of its text changed, and `shoal doctor` about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner, Result

from shoal.cli.doctor import doctor

NETWORK = """
inputs = 7
classes = 4
[network]
hidden = [5]
[training]
l2 = 0.1
"""
SUBMISSION = """
import numpy as np

def forward(p, x):
    z = x @ p["W1"] + p["b1"]
    h = np.maximum(z, 0)
    s = h @ p["W2"] + p["b2"]
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return z, h, e / e.sum(axis=1, keepdims=True)

def squares(p):
    return np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2)

def loss(p, x, y):
    prob = forward(p, x)[-1]
    return -np.log(prob[np.arange(len(y)), y]).mean() + 0.1 * squares(p)

def gradients(p, x, y):
    z, h, d = forward(p, x)
    d[np.arange(len(y)), y] -= 1
    d /= len(y)
    dz = (d @ p["W2"].T) * (z > 0)
    return {
        "W1": x.T @ dz + 0.2 * p["W1"],
        "b1": dz.sum(axis=0),
        "W2": h.T @ d + 0.2 * p["W2"],
        "b2": d.sum(axis=0),
    }
"""


def shoal_doctor(submission: Path, network: Path, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(doctor)
    return CliRunner().invoke(app, [str(submission), "--network", str(network), *arguments])


def judged(folder: Path, *changes: tuple[str, str], network: str = NETWORK) -> dict[str, Any]:
    """The record of the small submission with some of its text changed."""
    code = SUBMISSION
    for old, new in changes:
        assert old in code
        code = code.replace(old, new)
    (folder / "net.py").write_text(code)
    (folder / "net.toml").write_text(network)
    result = shoal_doctor(folder / "net.py", folder / "net.toml", "--json")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    record = json.loads(result.stdout)
    assert result.exit_code == (0 if record["ok"] else 1)
    return record
