"""shoal doctor: the examples get their diagnosis, and other conventions are understood."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from doctored import NETWORK, SUBMISSION, judged, shoal_doctor

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "doctor"
CAUSES = {
    "convolution": {"kernel-not-flipped", "pool-share-missing"},
    "batch_norm": {"batch-norm-paths-missing"},
    "sigmoid_slope": {"sigmoid-slope-missing"},
    "relu_cache": {"l2-halved", "relu-mask-of-other-layer"},
    "tanh_float32": {"tanh-of-activation"},
    "loops": {"accumulated"},
    "dropout": {"bias-mean", "dropout-scale-missing"},
    "right": set(),
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_examples_get_their_diagnosis(name: str) -> None:
    result = shoal_doctor(EXAMPLES / f"{name}.py", EXAMPLES / f"{name}.toml", "--json")
    record = json.loads(result.stdout)
    assert result.exit_code == (1 if CAUSES[name] else 0)
    assert record["ok"] is not bool(CAUSES[name])
    assert {cause["mistake"] for cause in record["diagnosis"]["causes"]} == CAUSES[name]
    assert record["diagnosis"]["unexplained"] == []
    assert record["check"] is None


def test_the_page_speaks_the_codes_language() -> None:
    result = shoal_doctor(EXAMPLES / "tanh_float32.py", EXAMPLES / "tanh_float32.toml")
    assert result.exit_code == 1
    assert "weights1" in result.output
    assert "affine" not in result.output
    assert max(map(len, result.output.splitlines())) <= 100
    assert "\x1b" not in result.output


def test_another_seed_is_another_point_and_the_same_verdict() -> None:
    at = EXAMPLES / "batch_norm.py", EXAMPLES / "batch_norm.toml"
    records = [json.loads(shoal_doctor(*at, "--json", "--seed", seed).stdout) for seed in ("1", "2")]
    assert records[0]["loss"]["came"] != records[1]["loss"]["came"]
    causes = [[cause["mistake"] for cause in record["diagnosis"]["causes"]] for record in records]
    assert causes == [["batch-norm-paths-missing"]] * 2


def test_right_gradients_of_the_files_own_loss(tmp_path: Path) -> None:
    record = judged(tmp_path)
    assert record["ok"]
    assert record["loss"]["conventions"] == []
    assert record["notes"] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("0.1 * squares", "0.05 * squares"), ("0.2 * p", "0.1 * p")], "has an L2 cost of l2/2 * sum(W**2)"),
        ([("+ 0.1 * squares(p)", ""), ("0.2 * p", "0 * p")], "has no L2 cost"),
        ([(".mean()", ".sum()"), ("    d /= len(y)\n", "")], "sums over the examples"),
        ([("0.1 * squares", "0.3 * squares"), ("0.2 * p", "0.6 * p")], "has an L2 cost of 0.3 * sum(W**2)"),
        (
            [("0.1 * squares", "0.05 / len(x) * squares"), ("0.2 * p", "0.1 / len(x) * p")],
            "has an L2 cost of l2/(2 N) * sum(W**2)",
        ),
    ],
)
def test_right_gradients_of_a_loss_in_another_convention(
    tmp_path: Path, changes: list[tuple[str, str]], said: str
) -> None:
    record = judged(tmp_path, *changes)
    assert record["ok"]
    assert record["loss"]["conventions"][0].startswith(said)
    page = shoal_doctor(tmp_path / "net.py", tmp_path / "net.toml").output
    assert " ".join(page.split()).startswith(f"Your loss {said}")


@pytest.mark.parametrize("exact", [False, True])
def test_a_guard_inside_the_logarithm_is_no_mistake(tmp_path: Path, exact: bool) -> None:
    """Neither in gradients that leave it out, as most do, nor in those that take it along."""
    guarded = [("np.log(prob[np.arange(len(y)), y])", "np.log(prob[np.arange(len(y)), y] + 1e-6)")]
    factor = "    p_right = d[np.arange(len(y)), y, None].copy()\n    d = d * 1\n"
    if exact:
        guarded += [
            ("    d[np.arange(len(y)), y] -= 1\n", f"{factor}    d[np.arange(len(y)), y] -= 1\n"),
            ("    d /= len(y)\n", "    d /= len(y)\n    d *= p_right / (p_right + 1e-6)\n"),
        ]
    record = judged(tmp_path, *guarded)
    assert record["ok"]
    assert record["loss"]["conventions"][0].startswith("adds 1e-06 inside the logarithm")
    assert (record["check"] is not None) is exact


def test_a_mistake_is_named_in_another_convention_too(tmp_path: Path) -> None:
    record = judged(tmp_path, ("0.1 * squares", "0.05 * squares"))
    assert [cause["mistake"] for cause in record["diagnosis"]["causes"]] == ["l2-doubled"]
    record = judged(tmp_path, (".mean()", ".sum()"), ("    d /= len(y)\n", ""), (" * (z > 0)", ""))
    assert [cause["mistake"] for cause in record["diagnosis"]["causes"]] == ["relu-mask-missing"]


def test_a_loss_that_nothing_explains_is_told_first_and_the_gradients_held_against_it(tmp_path: Path) -> None:
    changed = ("h = np.maximum(z, 0)", "h = np.maximum(z, 0) * 1.5")
    record = judged(tmp_path, changed)
    assert not record["ok"]
    assert not record["loss"]["explained"]
    assert record["diagnosis"] is None
    page = shoal_doctor(tmp_path / "net.py", tmp_path / "net.toml").output
    assert page.startswith("LOSS DIFFERENT: your loss is")
    assert "Does [network] describe your code?" in " ".join(page.split())
    right = judged(tmp_path, changed, (" * (z > 0)", " * 1.5 * (z > 0)"))
    assert right["ok"]
    assert right["check"] is not None


def test_l2_on_biases_is_told_and_left_to_differences(tmp_path: Path) -> None:
    with_biases = (
        'np.sum(p["W1"] ** 2)',
        'np.sum(p["W1"] ** 2) + np.sum(p["b1"] ** 2) + np.sum(p["b2"] ** 2)',
    )
    record = judged(tmp_path, with_biases)
    assert not record["ok"]
    assert "L2 cost on the biases too" in record["loss"]["conventions"][0]
    assert record["check"] is not None
    page = shoal_doctor(tmp_path / "net.py", tmp_path / "net.toml").output
    assert "held against differences of your own loss" in " ".join(page.split())


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_gradients_with_nan_are_wrong(tmp_path: Path, value: str) -> None:
    record = judged(tmp_path, ('"b2": d.sum(axis=0)', f'"b2": d.sum(axis=0) * np.{value}'))
    assert record["notes"][0].startswith("gradients returns NaN or infinite numbers in b2:")
    assert not record["ok"]
    verdicts = {f"{b['layer']}.{b['parameter']}": b["verdict"] for b in record["diagnosis"]["blocks"]}
    assert verdicts["affine_2.b"] == "WRONG"
    assert verdicts["affine_2.W"] == "ok"


def test_what_the_code_prints_does_not_disturb_the_record(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(SUBMISSION.replace("    z, h, d =", "    print('hello')\n    z, h, d ="))
    (tmp_path / "net.toml").write_text(NETWORK)
    result = shoal_doctor(tmp_path / "net.py", tmp_path / "net.toml", "--json")
    assert json.loads(result.stdout)["ok"]
    assert "hello" in result.stderr
    page = shoal_doctor(tmp_path / "net.py", tmp_path / "net.toml").stdout
    assert re.search(r"Your code printed:\n  hello   \(\d+ times\)\n$", page)


def test_odd_manners_are_noted(tmp_path: Path) -> None:
    record = judged(tmp_path, ("    z, h, d =", "    x -= 0\n    y += 1\n    y -= 1\n    z, h, d ="))
    assert record["notes"] == []  # nothing has changed in the end
    record = judged(tmp_path, ("    return {", "    p['b2'] += 1\n    return {"))
    assert record["ok"]
    assert record["notes"][0].startswith("gradients changes its arguments in place.")


def test_gradients_that_need_the_loss_before_them_get_it(tmp_path: Path) -> None:
    record = judged(
        tmp_path,
        ("    prob = forward(p, x)[-1]", "    kept.append(forward(p, x))\n    prob = kept[-1][-1]"),
        ("    z, h, d = forward(p, x)", "    z, h, d = kept[-1]\n    d = d.copy()"),
        ("import numpy as np\n", "import numpy as np\nkept = []\n"),
    )
    assert record["ok"]
    assert record["notes"][0].startswith("gradients uses what the last call of loss left behind")
