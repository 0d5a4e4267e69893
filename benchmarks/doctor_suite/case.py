"""One draw of the suite: a network, a point, the planted mistakes, and the places to be named."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .catalogue import ENTRIES
from .draw import Generator, draw_point, draw_specimen
from .options import Place, everywhere, places, single
from .point import VISIBLE, Point, differs, finite, gradients_at, rounding
from .slip import Slip
from .specimen import Specimen

TRIES = 5000


@dataclass(frozen=True)
class Case:
    """What is handed over. `wanted`: for each slip its alternatives of places (see `options.places`).

    `others`: further points of the same network (another batch size, other parameters), at which two
    mistakes must also agree to count as one where gradients are handed over as a function.
    """

    key: str
    net: Specimen
    point: Point
    others: tuple[Point, ...]
    slips: tuple[Slip, ...] = ()
    wanted: tuple[tuple[tuple[Place, ...], ...], ...] = ()
    dtype: Any = np.float64

    @property
    def size(self) -> int:
        """How many parameters."""
        return sum(a.size for own in self.point.parameters.values() for a in own.values())

    def describe(self) -> str:
        """The key, the network, the batch and the mistakes, in one line."""
        slips = "; ".join(slip.describe() for slip in self.slips) or "correct"
        return f"{self.key} · {self.net.describe()}, batch {len(self.point.x)} · {slips}"


def generator(*key: Any) -> Generator:
    """Random numbers of their own for each key, the same in every run."""
    return np.random.default_rng([zlib.crc32(str(part).encode()) for part in key])


def draw_planted(name: str, draw: int, seed: int) -> Case:
    """A network in which the mistake can be made and changes numbers."""
    rng = generator("one", name, draw, seed)
    for _ in range(TRIES):
        net = draw_specimen(rng)
        slip = draw_slip(net, name, rng)
        if slip is None:
            continue
        point = draw_point(net, rng)
        if name == "relu-at-zero":
            point = with_zeros(net, point, slip.at, rng)
        case = _planted(f"one/{name}/{draw}", net, point, (slip,), rng)
        if case is not None:
            return case
    raise RuntimeError(f"No network was found for {name}.")


def draw_pair(draw: int, seed: int) -> Case:
    """A network with two different mistakes, neither of which covers the other."""
    rng = generator("two", draw, seed)
    names = [name for name, entry in ENTRIES.items() if not entry.harmless]
    for _ in range(TRIES):
        chosen = [str(name) for name in rng.choice(names, 2, replace=False)]
        for _ in range(30):  # some mistakes fit few networks, and would hardly ever meet a partner
            net = draw_specimen(rng)
            a, b = (draw_slip(net, name, rng) for name in chosen)
            if a is None or b is None or not compatible(a, b):
                continue
            case = _planted(f"two/{draw}", net, draw_point(net, rng), (a, b), rng)
            if case is not None:
                return case
    raise RuntimeError("No network was found for two mistakes.")


def draw_slip(net: Specimen, name: str, rng: Generator) -> Slip | None:
    """The mistake at one place, or as often at all of its places; None where it fits nowhere."""
    alone, all_of_them = single(net, name), [s for s in everywhere(net, name) if _is_all(net, s)]
    if not alone:
        return None
    options = all_of_them if all_of_them and rng.random() < 0.5 else alone
    variants = sorted({slip.variant for slip in options})
    variant = str(rng.choice(variants))
    options = [slip for slip in options if slip.variant == variant]
    return options[int(rng.integers(len(options)))]


def _is_all(net: Specimen, slip: Slip) -> bool:
    return set(slip.at) == {
        layer for s in single(net, slip.name) for layer in s.at if s.variant == slip.variant
    }


def compatible(a: Slip, b: Slip) -> bool:
    """Whether both can be made in one code: not twice in the same line of it."""
    first, second = ENTRIES[a.name], ENTRIES[b.name]
    if (first.kind, first.slot) != (second.kind, second.slot):
        return True
    return first.kind not in ("loss", "whole") and not set(a.at) & set(b.at) and first.slot != "swap"


def with_zeros(net: Specimen, point: Point, layers: tuple[str, ...], rng: Generator) -> Point:
    """The point with some units of these activations at exactly 0: their weights, bias and beta are 0."""
    parameters = {name: dict(own) for name, own in point.parameters.items()}
    for layer in layers:
        units = net.by_name[layer].units
        off = rng.choice(units, max(1, units // 4), replace=False)
        at = net.parts.index(net.by_name[layer])
        for part in reversed(net.parts[:at]):
            own = parameters[part.name] = {k: a.copy() for k, a in point.parameters[part.name].items()}
            for key in ("b", "beta"):
                if key in own:
                    own[key][off] = 0
            if part.kind == "affine":
                own["W"][:, off] = 0
                break
    return replace(point, parameters=parameters)


def _planted(key: str, net: Specimen, point: Point, slips: tuple[Slip, ...], rng: Generator) -> Case | None:
    """The case, or None where a mistake shows in no number."""
    with np.errstate(all="ignore"):
        noise, everything = rounding(net, point), gradients_at(net, point, slips)
        if not finite(everything):
            return None
        for slip in slips:
            without = tuple(s for s in slips if s is not slip)
            if not differs(everything, gradients_at(net, point, without), noise, VISIBLE):
                return None
        true = gradients_at(net, point)
        shows = {
            (slip.name, layer): bool(differs(gradients_at(net, point, (alone,)), true, noise, VISIBLE))
            for slip in slips
            for alone, layer in _one_by_one(slip)
        }
    wanted = tuple(_visible(places(net, slip), slip, shows) for slip in slips)
    others = tuple(draw_point(net, rng) for _ in range(2))
    return Case(key, net, point, others, slips, wanted)


def _one_by_one(slip: Slip) -> list[tuple[Slip, str]]:
    if slip.name == "layers-swapped" or len(slip.at) == 1:
        return []
    others = [(other,) for other in slip.other] or [()] * len(slip.at)
    return [(replace(slip, at=(a,), other=o), a) for a, o in zip(slip.at, others, strict=True)]


def _visible(
    alternatives: list[tuple[Place, ...]], slip: Slip, shows: dict[tuple[str, str], bool]
) -> tuple[tuple[Place, ...], ...]:
    """Without the places at which this mistake shows in no number (a bias in front of batch norm)."""
    kept = [tuple(p for p in places if shows.get((slip.name, p[0]), True)) for places in alternatives]
    return tuple(places for places in kept if places)
