"""From the walk's explanations to the words of a diagnosis."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from shoal.doctor.catalogue.l2 import ONE_LAYER_ONLY
from shoal.doctor.evidence import GradientEvidence
from shoal.doctor.result import BlockDiagnosis, Cause, Segment
from shoal.doctor.state import EVERYTHING_BELOW, Finding, SearchState
from shoal.doctor.unexplained import INCOMING_DY
from shoal.gradients.networks.structure import zero_by_construction
from shoal.gradients.verdict import Verdict


def judge_blocks(evidence: Sequence[GradientEvidence]) -> list[BlockDiagnosis]:
    """Every block of numbers, at the point where it is furthest off."""
    network = evidence[0].point.network
    zero = zero_by_construction(network)
    found = []
    for name, own in evidence[0].point.parameters.items():
        for key, value in own.items():
            e = max(evidence, key=lambda e: (bool(e.wrong(name, key).any()), _without_rounding(e, name, key)))
            came, true = e.came[name][key], e.true[name][key]
            wrong = bool(e.wrong(name, key).any())
            off = np.nan_to_num(np.abs(came - true), nan=np.inf)
            index = tuple(int(k) for k in np.unravel_index(int(np.argmax(off)), off.shape))
            verdict = Verdict.WRONG if wrong else _unless_wrong(evidence, zero, name, key)
            error = _error(e, name, key)
            strange = came.size - int(np.isfinite(came).sum())
            found.append(
                BlockDiagnosis(
                    name,
                    key,
                    value.shape,
                    error,
                    verdict,
                    index,
                    float(came[index]),
                    float(true[index]),
                    note=f"{strange} of {came.size} numbers are NaN or infinite" if strange else "",
                )
            )
    return found


def _unless_wrong(evidence: Sequence[GradientEvidence], zero: Collection, name: str, key: str) -> Verdict:
    if all(e.drowned(name) for e in evidence):
        return Verdict.ROUNDING
    return Verdict.ZERO if (name, key) in zero else Verdict.OK


def _without_rounding(e: GradientEvidence, name: str, key: str) -> float:
    """The error to three digits, so that of points that are off alike every machine shows the first."""
    return float(f"{_error(e, name, key):.3g}")


def _error(e: GradientEvidence, name: str, key: str) -> float:
    came, true = e.came[name][key], e.true[name][key]
    off = float(np.max(np.abs(came - true), initial=0.0))
    size = max(float(np.max(np.abs(values), initial=0.0)) for values in (came, true))
    if not np.isfinite(off):
        return np.inf
    return off / size if size else 0.0


def causes_of(
    states: Sequence[SearchState], wrong: Sequence[BlockDiagnosis], evidence: GradientEvidence
) -> list[Cause]:
    """The best explanation's mistakes, from the loss on, each once, with what else would explain the same."""
    best = states[0]
    grouped: dict[str, list[Finding]] = {}
    for finding in sorted(best.findings, key=lambda f: f.at):
        grouped.setdefault(finding.mistake.name, []).append(finding)
    causes = []
    for name, found in sorted(grouped.items(), key=lambda item: -max(f.at for f in item[1])):
        own = tuple(
            f"{f.layer}.{p}" for f in found for p in f.way.parts if p not in ("dx", "dscores", "gradients")
        )
        reach = max((f.at for f in found if {"dx", "dscores", "gradients"} & set(f.way.parts)), default=-1)
        blocks = tuple(b.name for b in wrong if b.name in own or _index(evidence, b.layer) < reach)
        cause = Cause(
            mistake=found[0].mistake,
            where=tuple((f.layer, part) for f in found for part in f.way.parts),
            agreement=best.agreement,
            blocks=blocks,
            own=own,
            equivalents=_equivalents(name, states),
            note="; ".join(dict.fromkeys(f.way.note for f in found if f.way.note)),
        )
        causes.append(_only_one_layer(cause, evidence))
    return causes


def _index(evidence: GradientEvidence, layer: str) -> int:
    return evidence.point.network.names.index(layer)


def _equivalents(name: str, states: Sequence[SearchState]) -> tuple[str, ...]:
    """What stands in for the mistake in explanations that are otherwise the same, rare readings left out."""
    alike = [state for state in states if state.puzzles == states[0].puzzles]
    likely = [s for s in alike if s is states[0] or not any(f.way.rank for f in s.findings)]
    names = [{f.mistake.name for f in state.findings} for state in likely]
    others = names[0] - {name}
    found = [n - others for n in names[1:] if others <= n and len(n) == len(names[0]) and name not in n]
    return tuple(dict.fromkeys(other for n in found for other in n))


def _only_one_layer(cause: Cause, evidence: GradientEvidence) -> Cause:
    """L2 missing everywhere but in one layer has a name of its own."""
    if cause.mistake.name != "l2-missing":
        return cause
    weights = [name for name, own in evidence.point.parameters.items() if "W" in own]
    kept = [name for name in weights if (name, "W") not in cause.where]
    if len(kept) != 1 or len(weights) < 2:
        return cause
    if len(weights) == 2:
        return replace(cause, equivalents=(*cause.equivalents, ONE_LAYER_ONLY.name))
    note = f"only {kept[0]} has it"
    return replace(cause, mistake=ONE_LAYER_ONLY, equivalents=(*cause.equivalents, "l2-missing"), note=note)


def attribute(blocks: Sequence[BlockDiagnosis], causes: Sequence[Cause]) -> list[BlockDiagnosis]:
    """The blocks with the mistakes that make them wrong; those with harmless ones only are kinks."""
    found = []
    for block in blocks:
        because = [c for c in causes if block.name in c.blocks]
        verdict = block.verdict
        if verdict is Verdict.WRONG and because and all(c.harmless for c in because):
            verdict = Verdict.KINK
        found.append(replace(block, because=tuple(c.mistake.name for c in because), verdict=verdict))
    return found


def unexplained(
    best: SearchState, wrong: Sequence[BlockDiagnosis], evidence: GradientEvidence
) -> list[Segment]:
    """What the best explanation leaves open."""
    sites = evidence.sites
    found = []
    for at, about in best.puzzles:
        layer = sites[at].name
        if about in (INCOMING_DY, EVERYTHING_BELOW):
            found.append(_handed_down(at, about, wrong, evidence))
            continue
        name = f"{layer}.{about}"
        note = next((b.note for b in wrong if b.name == name and b.note), "")
        known = note or "Its own formula is wrong in a way that is not in the catalogue"
        in_front = any(site.own for site in sites[:at])
        found.append(Segment((layer,), (name,), known + "; what is handed on is right" * in_front))
    return found


def _handed_down(at: int, about: str, wrong: Sequence[BlockDiagnosis], evidence: GradientEvidence) -> Segment:
    """A derivative that is wrong where it arrives at site number `at`."""
    sites = evidence.sites
    behind = next(k for k in range(at + 1, len(sites)) if sites[k].own or sites[k].is_loss)
    between = tuple(sites[k].name for k in range(behind, at, -1))
    blocks = tuple(b.name for b in wrong if _index(evidence, b.layer) <= at)
    notes = [f"{b.name}: {b.note}" for b in wrong if b.name in blocks and b.note]
    note = "The derivative handed down through these is wrong in a way that is not in the catalogue"
    if about == EVERYTHING_BELOW:
        note += f", or {sites[at].name}'s own formulas are"
        if any(site.own for site in sites[:at]):
            note += "; what lies in front could not be judged"
    return Segment(between, blocks, "; ".join([note, *notes[:1]]))
