"""Numbers that no training gives: gradient tables, exact toy figures, a derivation."""

from __future__ import annotations

from collections.abc import Sequence

from shoal.reproduce.adapt import Mode
from shoal.reproduce.computed import derivations as derivations
from shoal.reproduce.computed import gradients as gradients
from shoal.reproduce.computed import toy as toy
from shoal.reproduce.computed.registry import COMPUTED as COMPUTED
from shoal.reproduce.computed.registry import Numbers as Numbers
from shoal.reproduce.model import Chosen


def compute(parts: Sequence[Chosen], mode: Mode) -> Numbers:
    """The numbers of all parts that compute some, by name."""
    wanted = dict.fromkeys(part.compute for _, _, part in parts if part.compute)
    return {name: value for what in wanted for name, value in COMPUTED[what](mode).items()}
