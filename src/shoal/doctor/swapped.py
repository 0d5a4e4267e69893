"""Gradients of two layers in each other's place: found on the way down, where the upper one does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shoal.doctor.catalogue.network import SWAPPED
from shoal.doctor.evidence import GradientEvidence
from shoal.doctor.mistake import Way
from shoal.doctor.state import Finding, SearchState, Trial, try_blocks
from shoal.gradients.networks.point import Parameters


def exchange(
    state: SearchState, repeated: Sequence[tuple[Finding, ...]], evidence: Sequence[GradientEvidence]
) -> Iterator[tuple[SearchState, Trial]]:
    """The state with the gradients of a layer in front put in this layer's place, where they fit here.

    Perhaps with mistakes made before: `repeated` lists sets of them.
    """
    sites = evidence[0].sites
    site = sites[state.i]
    for other in sites[: state.i]:
        alike = tuple(k for k in site.own if k in other.own and other.own[k].shape == site.own[k].shape)
        for keys in dict.fromkeys([alike, *((key,) for key in alike)]):
            changed = replace(
                state, came=tuple(_exchanged(came, keys, site.name, other.name) for came in state.came)
            )
            note = f"{', '.join(keys)} of {other.name} and {site.name}"
            places = [Finding(SWAPPED, Way({}, keys, note), s.name, s.i) for s in (site, other)]
            for found in repeated if keys else ():
                options = {key: value for f in found for key, value in f.way.options.items()}
                trial = try_blocks(changed, options, evidence)
                if trial.passes:
                    yield changed.with_findings([*places, *found], options=options), trial


def _exchanged(came: Parameters, keys: Sequence[str], one: str, other: str) -> Parameters:
    changed = {name: dict(own) for name, own in came.items()}
    for key in keys:
        changed[one][key], changed[other][key] = came[other][key], came[one][key]
    return changed
