"""What a check hands out: a record for machines, a page for people, and clear refusals."""

import io
import json
import subprocess
import sys

import jax
import numpy as np
import pytest
from rich.console import Console

import shoal.gradients as gradients
from samples import WithoutVariancePath, chain, check, draw, draw_batch, small_network, two_hidden
from shoal.errors import NetworkError
from shoal.gradients import check_network, check_point
from shoal.gradients.networks.structure import zero_by_construction
from shoal.gradients.networks.table import render
from shoal.layers import Affine, BatchNorm, Dropout, ReLU, Tanh

RECORD = {
    "layer",
    "parameter",
    "shape",
    "error_difference",
    "error_autodiff",
    "worst_index",
    "verdict",
    "note",
}


def page(found, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(render(found))
    return console.file.getvalue()


def test_the_record_has_what_a_report_reads():
    found = check(small_network(batch_norm=BatchNorm()), label="batch_norm=true", seed=3)
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (record["network"], record["seed"], record["ok"]) == ("batch_norm=true", 3, True)
    assert all(block.keys() >= RECORD for block in record["blocks"])
    assert [b["verdict"] for b in record["blocks"][:3]] == ["ok", "zero by construction", "ok"]
    assert record["blocks"][0]["shape"] == [7, 6]
    assert record["culprits"] == []


def test_the_page_gives_every_block_a_line_that_fits():
    found = check(two_hidden(Tanh()))
    lines = page(found).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].split() == ["network", "right"]
    assert sum(line.startswith(("affine_", "batch_norm_")) for line in lines) == len(found.blocks)
    assert any("affine_1" in line and "zero by construction" in line for line in lines)


def test_the_page_names_the_layer_to_look_at_first():
    text = page(check(two_hidden(Tanh(), norm=WithoutVariancePath())))
    assert text.splitlines()[0].endswith("WRONG  look at batch_norm_1, batch_norm_2")
    assert "affine_2 W: wrong because of batch_norm_2 behind it" in text
    assert "batch_norm_2: dx is wrong" in text


def test_an_unknown_block_is_a_key_error():
    with pytest.raises(KeyError, match=r"affine_9\.W"):
        check(small_network()).block("affine_9", "W")


def test_a_check_leaves_jax_as_it_was():
    check(small_network())
    assert not jax.config.jax_enable_x64
    assert jax.numpy.asarray(np.ones(2)).dtype == np.float32


def test_importing_the_room_loads_no_jax():
    code = "import shoal.gradients, sys; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_cost_that_is_not_finite_cannot_be_checked():
    point = draw(small_network())
    point.x[0, 0] = np.nan
    with pytest.raises(NetworkError, match=r"cost is nan.*expected a finite number"):
        check_point(point)


def test_gradients_that_do_not_fit_cannot_be_checked():
    point = draw(small_network())
    own = point.gradients()[1]
    with pytest.raises(NetworkError, match=r"shape \(5,\) came for b of affine_1; expected shape \(6,\)"):
        check_point(point, gradients={**own, "affine_1": {**own["affine_1"], "b": np.zeros(5)}})
    with pytest.raises(NetworkError, match=r"No gradient came for W of affine_2"):
        check_point(point, gradients={**own, "affine_2": {}})


def test_a_network_without_parameters_cannot_be_checked():
    x, labels = draw_batch()
    with pytest.raises(NetworkError, match="no parameters"):
        check_network(small_network(), {}, x, labels, 0.0)


def test_only_what_a_batch_norm_takes_off_again_is_zero_by_construction():
    assert zero_by_construction(chain(Affine(4), BatchNorm(), ReLU())) == {("affine_1", "b")}
    assert zero_by_construction(chain(Affine(4), ReLU(), BatchNorm())) == set()
    assert zero_by_construction(chain(Affine(4), Dropout(0.1), BatchNorm())) == set()
    assert zero_by_construction(chain(Affine(4), Affine(3), BatchNorm())) == {
        ("affine_1", "b"),
        ("affine_2", "b"),
    }
    assert zero_by_construction(chain(BatchNorm(), Affine(3), BatchNorm())) == {
        ("batch_norm_1", "beta"),
        ("affine_1", "b"),
    }


def test_exports_are_these_and_no_others():
    public = {name for name in vars(gradients) if not name.startswith("_") and name[0].isupper()} - {"Any"}
    of_networks = {"BlockCheck", "Case", "GradientCheck", "LayerCheck", "Point", "Verdict"}
    of_functions = {"BlockResult", "FunctionCheck"}
    assert public == of_networks | of_functions
    functions = ("check", "check_network", "check_point", "check_start")
    for name in (*functions, "distinct", "draw_point", "make_point"):
        assert callable(getattr(gradients, name))
