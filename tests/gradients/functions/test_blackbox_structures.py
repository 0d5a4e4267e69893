"""Any structure of arrays, in the user's own library, dtype and shape."""

import sys
from collections import OrderedDict, namedtuple

import array_api_strict
import jax
import numpy as np
import pytest

from shoal.gradients.functions import check

Layer = namedtuple("Layer", ["W", "b"])
DRAW = np.random.default_rng(0).standard_normal
W, B = DRAW((4, 3)), DRAW(3)


def total(tree):
    """sum sin(W) + sum cos(b), for leaves W and b in any structure."""
    return np.sin(tree[0]).sum() + np.cos(tree[1]).sum()


def slopes(tree):
    return [np.cos(tree[0]), -np.sin(tree[1])]


@pytest.mark.parametrize(
    ("parameters", "leaves", "like", "names"),
    [
        ({"W": W, "b": B}, lambda p: (p["W"], p["b"]), lambda a, b: {"b": b, "W": a}, ["W", "b"]),
        (OrderedDict(W=W, b=B), lambda p: (p["W"], p["b"]), lambda a, b: {"W": a, "b": b}, ["W", "b"]),
        ([W, B], lambda p: p, lambda a, b: [a, b], ["parameters[0]", "parameters[1]"]),
        ((W, B), lambda p: p, lambda a, b: (a, b), ["parameters[0]", "parameters[1]"]),
        (Layer(W, B), lambda p: (p.W, p.b), Layer, ["parameters[0]", "parameters[1]"]),
        (
            {"layers": [{"W": W, "b": None}, {"b": B}]},
            lambda p: (p["layers"][0]["W"], p["layers"][1]["b"]),
            lambda a, b: {"layers": [{"W": a}, {"b": b}]},
            ["layers[0].W", "layers[1].b"],
        ),
        ({1: W, "a b": B}, lambda p: (p[1], p["a b"]), lambda a, b: {1: a, "a b": b}, None),
    ],
    ids=["dict", "OrderedDict", "list", "tuple", "namedtuple", "nested", "odd keys"],
)
def test_structures(parameters, leaves, like, names):
    def loss(p):
        assert type(p) is type(parameters)
        return total(leaves(p))

    def gradients(p):
        return like(*slopes(leaves(p)))

    found = check(loss, gradients, parameters)
    assert found.ok
    assert names is None or [block.name for block in found.blocks] == names
    wrong = check(loss, lambda p: like(slopes(leaves(p))[0], -slopes(leaves(p))[1]), parameters)
    assert [block.name for block in wrong.wrong] == [wrong.blocks[1].name]


def test_a_flat_vector_and_a_plain_float():
    assert check(lambda p: np.sum(p**3), lambda p: 3 * p**2, B).blocks[0].name == "parameters"

    def loss(p):
        assert type(p["t"]) is float
        return p["t"] ** 3

    assert check(loss, lambda p: {"t": 3 * p["t"] ** 2}, {"t": 0.7}).ok


@pytest.mark.parametrize("name", ["d{}", "d_{}", "grad_{}", "{}_grad"])
def test_usual_names_of_gradients_are_understood_and_noted(name):
    def gradients(p):
        return {name.format(k): g for k, g in zip("Wb", slopes((p["W"], p["b"])), strict=True)}

    found = check(lambda p: total((p["W"], p["b"])), gradients, {"W": W, "b": B})
    assert found.ok
    assert name.format("W") in found.notes[0]


def test_one_long_vector_or_a_tuple_of_gradients_is_read_in_order():
    p = {"W": W, "b": B}
    flat = np.concatenate([g.ravel() for g in slopes((W, B))])
    for gradients in (flat, tuple(slopes((W, B)))):
        found = check(lambda p: total((p["W"], p["b"])), gradients, p)
        assert found.ok
        assert "order" in found.notes[0]


def test_a_gradient_of_none_is_zero():
    found = check(lambda p: np.sum(p["a"] ** 2), {"a": 2 * B, "b": None}, {"a": B, "b": B})
    assert found.ok
    assert "None came for b" in found.notes[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_users_own_library_and_dtype(dtype, float64):
    for xp in (np, jax.numpy, array_api_strict):
        kind = type(xp.asarray([1.0]))

        def loss(p, xp=xp, kind=kind):
            assert all(isinstance(v, kind) for v in p.values())
            return xp.sum(xp.sin(p["W"])) + xp.sum(xp.cos(p["b"]))

        def gradients(p, xp=xp):
            assert all(v.dtype == getattr(xp, dtype) for v in p.values())
            return {"W": xp.cos(p["W"]), "b": -xp.sin(p["b"])}

        p = {k: xp.asarray(v, dtype=getattr(xp, dtype)) for k, v in (("W", W), ("b", B))}
        found = check(loss, gradients, p)
        assert found.ok, found
        assert found.precision == found.blocks[0].dtype.rpartition(".")[2] == dtype
        assert not check(loss, lambda p: {**gradients(p), "b": p["b"]}, p).ok


def test_pytorch_with_autograd():
    torch = pytest.importorskip("torch")
    layers = [{"W": torch.tensor(W), "b": torch.tensor(B)}]

    def loss(p):
        return torch.tanh(p[0]["W"] @ p[0]["b"]).sum() ** 2

    def gradients(p, scale=1):
        leaves = [v.detach().clone().requires_grad_() for v in p[0].values()]
        found = torch.autograd.grad(scale * loss([dict(zip("Wb", leaves, strict=True))]), leaves)
        return [dict(zip("Wb", found, strict=True))]

    for dtype in (torch.float64, torch.float32):
        p = [{k: v.to(dtype) for k, v in layers[0].items()}]
        assert check(loss, gradients, p).ok
        found = check(loss, lambda p: gradients(p, 2), p)
        assert "2.000 times the true gradient" in found.findings[0].sentence


def test_pytorch_gradients_that_are_never_cleared():
    torch = pytest.importorskip("torch")
    p = {"W": torch.tensor(W, requires_grad=True)}

    def loss(p):
        return torch.sin(p["W"]).sum()

    def gradients(p):
        loss(p).backward()
        return {"W": p["W"].grad}

    found = check(loss, gradients, p)
    assert [finding.name for finding in found.findings] == ["accumulated"]
    assert not found.wrong
    assert p["W"].grad is None


def test_no_library_is_imported_for_the_user(monkeypatch):
    import subprocess

    code = (
        "import sys, numpy as np; from shoal.gradients.functions import check; "
        "assert check(lambda p: (p**2).sum(), lambda p: 2*p, np.ones(3)).ok; "
        "sys.exit('jax' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
