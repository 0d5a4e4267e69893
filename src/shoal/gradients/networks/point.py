"""A point where a network's gradient is checked: parameters, a batch and its noise, in float64.

By default it is where training starts, or where given parameters lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from shoal.errors import NetworkError
from shoal.gradients.differences import Sample
from shoal.layers import l2_cost
from shoal.network import Network

Parameters = dict[str, dict[str, np.ndarray]]
MOVE = 0.1  # how far `moved` takes a constant, as a share of the scale around it
FALLBACK = 1.0  # the scale where everything around is zero


@dataclass(frozen=True, eq=False)
class Point:
    """A cost as a function of parameters: network, x (N, ...), targets, L2 coefficient, dropout noise."""

    network: Network
    parameters: Parameters
    x: np.ndarray
    targets: np.ndarray
    l2: float
    noise: dict[str, np.ndarray]

    def run(self, i: int, own: Mapping[str, np.ndarray], x: np.ndarray) -> tuple[np.ndarray, Any]:
        """The forward of layer i with parameters `own`."""
        layer, name = self.network.layers[i], self.network.names[i]
        drawn = [self.noise[name]] if layer.draws else []
        return layer.forward(own, x, *drawn)

    @cached_property
    def inputs(self) -> tuple[np.ndarray, ...]:
        """What goes into each layer, and behind the last one the scores."""
        inputs = [self.x]
        for i, name in enumerate(self.network.names):
            inputs.append(self.run(i, self.parameters.get(name, {}), inputs[-1])[0])
        return tuple(inputs)

    @property
    def cost(self) -> float:
        """Loss and L2 cost together."""
        loss, _ = self.network.loss.forward(self.inputs[-1], self.targets)
        return float(loss + l2_cost(self.l2, self.network.weights(self.parameters).values()))

    def gradients(self) -> tuple[float, Parameters]:
        """The network's own: the cost that it reports, and its hand-written gradients."""
        costs, gradients, _, _ = self.network.cost_and_gradients(
            self.parameters, self.x, self.targets, self.l2, self.noise
        )
        return float(costs.cost), as_parameters(gradients, self.parameters)

    def sample(self, i: int, own: Mapping[str, np.ndarray]) -> Sample:
        """The cost with parameters `own` in layer i, all others as they are.

        Starts from layer i's input, which `own` cannot change, and leaves out the L2 cost of the other
        layers: a constant that would only add rounding.
        """
        x, sides = self.inputs[i], []
        for k in range(i, len(self.network.layers)):
            x, saved = self.run(k, own if k == i else self.parameters.get(self.network.names[k], {}), x)
            side = self.network.layers[k].corner_side(saved)
            if side is not None:
                sides.append(side.tobytes())
        loss, _ = self.network.loss.forward(x, self.targets)
        weights = [own["W"]] if "W" in own else []
        return Sample(float(loss + l2_cost(self.l2, weights)), b"".join(sides))

    def scale(self, i: int, key: str) -> float:
        """A step in one entry of parameter `key` of layer i that would change its output about as much as
        the output is large. W multiplies the input; anything else adds to the output or is near it in size.
        """
        own = self.parameters[self.network.names[i]][key]
        size = _rms(self.inputs[i + 1])
        if own.ndim > 1:
            size /= _rms(self.inputs[i]) or 1.0
        return size or _rms(own) or FALLBACK

    def moved(self, rng: np.random.Generator, share: float = MOVE, *, everything: bool = False) -> Point:
        """A point a little away, at which no parameter is constant any more.

        Networks start with gamma 1, and with beta and b 0: values at which a forgotten gamma or a doubled
        bias is invisible, and at which units that no example reaches sit on a corner. Each such parameter
        is moved by normal noise, `share` times its own scale or else its layer's. `everything` moves the
        weights too.
        """
        drawn = self.network.parameter_noise()
        parameters: Parameters = {}
        x = self.x
        for i, name in enumerate(self.network.names):
            own = dict(self.parameters.get(name, {}))
            size = _rms(self.run(i, own, x)[0])
            for key, value in own.items():
                if everything or key not in drawn.get(name, {}):
                    scale = _rms(value) or size or FALLBACK
                    own[key] = value + share * scale * rng.standard_normal(value.shape)
            if own:
                parameters[name] = own
            x = self.run(i, own, x)[0]
        return replace(self, parameters=parameters)


def as_parameters(gradients: Mapping[str, Mapping[str, Any]], parameters: Parameters) -> Parameters:
    """Gradients in float64, in the structure of the parameters. Raises NetworkError where they do not fit."""
    found: Parameters = {}
    for name, own in parameters.items():
        found[name] = {}
        for key, value in own.items():
            gradient = gradients.get(name, {}).get(key)
            shape = None if gradient is None else tuple(np.shape(gradient))
            if shape != value.shape:
                came = "No gradient" if shape is None else f"A gradient of shape {shape}"
                raise NetworkError(
                    f"{came} came for {key} of {name}; expected shape {value.shape}.",
                    "Return every parameter's gradient in the shape of the parameter.",
                )
            found[name][key] = np.asarray(gradient, dtype=np.float64)
    return found


def _rms(array: np.ndarray) -> float:
    return float(np.sqrt(np.mean(array * array)))


def draw_point(
    network: Network, x: np.ndarray, targets: np.ndarray, l2: float, seed: int, *, moved: bool = True
) -> Point:
    """The network as its initializers start it from `seed`, `moved` off the constants among them.

    `targets` are what the network's loss takes (see its `targets_from_labels`).
    """
    rng = np.random.default_rng(seed)
    noise = {
        name: {key: _draw(rng, shape, kind) for key, (shape, kind) in wanted.items()}
        for name, wanted in network.parameter_noise().items()
    }
    drops = {name: rng.random(shape) for name, shape in network.draw_shapes(len(x)).items()}
    point = make_point(network, network.initialize(noise), x, targets, l2, drops)
    return point.moved(rng) if moved else point


def make_point(
    network: Network, parameters: Mapping, x: Any, targets: Any, l2: Any, noise: Mapping | None = None
) -> Point:
    """A point with every array in NumPy float64 (integer targets stay integers)."""
    targets = np.asarray(targets)
    return Point(
        network,
        {name: {key: _double(value) for key, value in own.items()} for name, own in parameters.items()},
        _double(x),
        targets if targets.dtype.kind in "iu" else _double(targets),
        float(l2),
        {name: _double(value) for name, value in (noise or {}).items()},
    )


def _double(array: Any) -> np.ndarray:
    return np.asarray(array, dtype=np.float64)


def _draw(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    return rng.standard_normal(shape) if kind == "normal" else rng.uniform(-1.0, 1.0, shape)
