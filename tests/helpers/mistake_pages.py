"""What docs/mistakes holds: sections with their code, and that code run in place of a layer's backward."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shoal.doctor.catalogue import plant
from shoal.doctor.layer_at_point import LayerAtPoint, sites_of
from shoal.gradients.networks.point import make_point
from shoal.network import Network

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "mistakes"
ACTIVATIONS = ("relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu")
IMAGES = ("convolution", "average_pool", "max_pool", "global_average_pool")
RESULTS = {
    "affine": "dx",
    "batch_norm": "dx",
    "dropout": "dx",
    **dict.fromkeys(IMAGES, "dx"),
    **dict.fromkeys(ACTIVATIONS, "dz"),
}


@dataclass(frozen=True)
class Section:
    """What stands below one heading: its text, and its diffs as (wrong, right) lines."""

    file: str
    name: str
    text: str

    @property
    def diffs(self) -> list[tuple[list[str], list[str]]]:
        found = []
        for block in fenced(self.text, "diff"):
            lines = [(line[:1], line[2:].rstrip()) for line in block.splitlines()]
            found.append(tuple([code for mark, code in lines if mark in (side, " ")] for side in "-+"))
        return found


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def sections() -> list[Section]:
    """Every section of every page but the index."""
    found = []
    for path in sorted(FOLDER.glob("*.md")):
        parts = re.split(r"^## (.+)\n", path.read_text(), flags=re.MULTILINE)
        found += [Section(path.stem, *pair) for pair in zip(parts[1::2], parts[2::2], strict=True)]
    return found


def listings(file: str) -> list[list[str]]:
    """The right code on a page."""
    blocks = fenced((FOLDER / f"{file}.md").read_text(), "python")
    return [[line.rstrip() for line in block.splitlines()] for block in blocks]


def spoilt(listing: list[str], wrong: list[str], right: list[str]) -> list[str] | None:
    """The listing with the wrong lines in place of the right ones; None where those are not in it."""
    for i in range(len(listing) - len(right) + 1):
        if listing[i : i + len(right)] == right:
            return [*listing[:i], *wrong, *listing[i + len(right) :]]
    return None


def gradients_with(network: Network, l2: float, code: list[str], at: str, sets: bool = False) -> Callable:
    """Gradients by Shoal's own layers, but for the page's `code` at the layer `at` ("all": behind them).

    Where the code `sets` y, the layers behind get that.
    """
    program = compile("\n".join(code), "page", "exec")

    def gradients(parameters: Any, x: Any, y: Any, noise: Any = None) -> dict[str, dict[str, np.ndarray]]:
        targets = network.loss.targets_from_labels(y, network.classes, x)
        point = make_point(network, parameters, x, targets, l2, noise)
        if sets:
            point = _with_forward(point, program, at)
        sites, found, dy = sites_of(point, {}), {}, None
        for site in reversed(sites):
            if site.name == at:
                dy, own = run(program, site, sites, dy)
            else:
                dy, own = plant(site, dy, {"l2": 0.0} if at == "all" and site.kind == "affine" else {})
            found |= {site.name: own} if own else {}
        if at == "all":
            names = [site.name for site in sites if site.kind == "affine"]
            dW = [found[name]["W"] for name in names]
            exec(program, {"dW": dW, "W": [parameters[name]["W"] for name in names], "l2": l2})
            found |= {name: {**found[name], "W": d} for name, d in zip(names, dW, strict=True)}
        return {name: found[name] for name in parameters}

    return gradients


def _with_forward(point: Any, program: Any, at: str) -> Any:
    inputs = [point.x]
    for i, name in enumerate(point.network.names):
        x = inputs[-1]
        if name == at:
            names = {
                "x": x,
                "dy": x,
                "np": np,
                "noise": point.noise[at],
                "rate": point.network.layers[i].rate,
            }
            exec(program, names)
            inputs.append(names["y"])
        else:
            inputs.append(point.run(i, point.parameters.get(name, {}), x)[0])
    point.__dict__["inputs"] = tuple(inputs)
    return point


def run(
    program: Any, site: LayerAtPoint, sites: tuple[LayerAtPoint, ...], dy: Any
) -> tuple[np.ndarray, dict]:
    """dx and gradients of a layer (or the loss's derivative) as the page's code computes them."""
    names = {"np": np, "N": site.n, "l2": site.point.l2}
    if site.is_loss:
        t = site.point.targets
        names |= {"s": site.x, "labels": t, "t": np.eye(site.x.shape[1])[t] if t.ndim == 1 else t}
        exec(program, names)
        return names["ds"], {}
    names |= _lists(site, sites) if site.kind in ("affine", *ACTIVATIONS) else _plain(site)
    names |= {"dy": dy, "dz": dy}
    exec(program, names)
    right = plant(site, dy, {})
    own = {key: names[f"d{key}"] for key in right[1]}
    own = {key: value[names["l"]] if isinstance(value, list) else value for key, value in own.items()}
    return names.get(RESULTS[site.kind], right[0]), own


def _lists(site: LayerAtPoint, sites: tuple[LayerAtPoint, ...]) -> dict[str, Any]:
    """What lies between the layers: x[l] goes into affine map l, z[l] comes out, y[l] = f(z[l])."""
    affine = [s for s in sites if not s.is_loss and s.kind == "affine"]
    active = [s for s in sites if not s.is_loss and s.kind in ACTIVATIONS]
    names = {
        "l": sum(s.i <= site.i for s in affine) - 1,
        "x": [s.x for s in affine],
        "z": [s.y for s in affine],
        "y": [s.y for s in active],
        "W": [s.own["W"] for s in affine],
        "b": [s.own["b"] for s in affine],
        "dW": [None] * len(affine),
        "db": [None] * len(affine),
        "slope": getattr(site.layer, "slope", None),
    }
    return {key: value.copy() if isinstance(value, list) else value for key, value in names.items()}


def _plain(site: LayerAtPoint) -> dict[str, Any]:
    names = {"x": site.x, "y": site.y, **site.own}
    if site.kind == "dropout":
        return {**names, "noise": site.point.noise[site.name], "rate": site.layer.rate}  # type: ignore[attr-defined]
    if site.kind in IMAGES:
        layer: Any = site.layer
        size = getattr(layer, "kernel", getattr(layer, "window", 1))
        return {
            **names,
            "K": size,
            "stride": getattr(layer, "stride", 1),
            "pad": getattr(layer, "padding", 0),
        }
    mean, variance = site.x.mean(axis=0), site.x.var(axis=0)
    return {
        **names,
        **{key: site.saved[key] for key in ("mean", "variance", "xhat")},
        "sigma": 1 / site.saved["inverse_sigma"],
        "epsilon": site.layer.epsilon,  # type: ignore[attr-defined]
        "running_mean": 0.1 * mean,
        "running_variance": 0.9 + 0.1 * variance,
    }
