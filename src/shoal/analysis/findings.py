"""What a rule of health finds: where it holds, by how much, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

PAGE = "docs/health.md"


@dataclass(frozen=True)
class Rule:
    """A sickness of training by name: what it is, what number shows it, from where on, and its remedy.

    `number` says in words what is compared with `threshold`; `form` writes that number.
    """

    name: str
    title: str
    meaning: str
    number: str
    threshold: float
    form: str
    remedy: str
    needs_health: bool = True

    @property
    def page(self) -> str:
        """Where the docs explain it."""
        return f"{PAGE}#{self.name}"

    def written(self, value: float) -> str:
        """The number as a reader expects it."""
        return self.form.format(value)


@dataclass(frozen=True)
class RuleResult:
    """Where a rule holds: `holds` and its numbers `values`, (cells, seeds, steps, layers).

    The last two have size 1 where the rule is about whole networks (`inside_layers` False). `low`: the
    smallest number is the worst. `step` names the step at which such a rule holds, (cells, seeds).
    """

    rule: Rule
    holds: np.ndarray
    values: np.ndarray
    low: bool = False
    inside_layers: bool = True
    step: np.ndarray | None = None
    note: str = ""


def whole_networks(rule: Rule, holds: np.ndarray, values: np.ndarray, **more: Any) -> RuleResult:
    """The evidence of a rule about whole networks, from (cells, seeds)."""
    return RuleResult(rule, holds[..., None, None], values[..., None, None], inside_layers=False, **more)


@dataclass(frozen=True)
class Finding:
    """A rule that holds for some members of a cell.

    seeds: those members, of `networks` finished ones. layers and steps: where it holds for any of them; steps
    are recorded ones. value: the worst number, met at `layer`, `seed` and `step`.
    """

    rule: Rule
    cell: int
    levels: dict[str, Any]
    seeds: tuple[int, ...]
    networks: int
    layers: tuple[str, ...]
    steps: tuple[int, ...]
    value: float
    layer: str | None
    seed: int
    step: int | None
    note: str = ""

    @property
    def name(self) -> str:
        """The rule's name, "dying-units"."""
        return self.rule.name

    @property
    def threshold(self) -> float:
        return self.rule.threshold

    @property
    def remedy(self) -> str:
        return self.rule.remedy

    @property
    def sentence(self) -> str:
        """The finding in words, with its worst number and where that was met."""
        many = f"{len(self.seeds)} of {self.networks} networks" if self.networks > 1 else "the network"
        worst = f"{self.rule.number} {self.rule.written(self.value)}"
        note = f" ({self.note})" if self.note else ""
        return f"{self.rule.title} in {many}: {worst}{note}{self.where}."

    @property
    def where(self) -> str:
        """Where the worst number was met: " in relu_2 at step 400, seed 3"."""
        layer = f" in {self.layer}" if self.layer else ""
        step = "" if self.step is None else f" at step {self.step:,}"
        return f"{layer}{step}, seed {self.seed}" if self.networks > 1 else f"{layer}{step}"


@dataclass(frozen=True)
class Health:
    """All findings of a result, in the order of the rules.

    `unchecked` rules lacked what they look at: a kind of layer, or the layers altogether (`measured` False).
    """

    findings: tuple[Finding, ...]
    checked: tuple[Rule, ...]
    unchecked: tuple[Rule, ...]
    measured: bool
    networks: int
    sick: int

    @property
    def by_rule(self) -> dict[str, tuple[Finding, ...]]:
        """The findings of each rule that found something."""
        names = dict.fromkeys(finding.name for finding in self.findings)
        return {name: tuple(f for f in self.findings if f.name == name) for name in names}

    @property
    def verdict(self) -> str:
        """One sentence: what was found in how many networks, and what could not be looked at."""
        if self.networks == 0:
            return "No network is finished: nothing can be said of their health."
        who = "The network is" if self.networks == 1 else f"All {self.networks:,} networks are"
        if not self.findings:
            text = f"{who} healthy by {len(self.checked)} rules."
        else:
            titles = [found[0].rule.title.lower() for found in self.by_rule.values()]
            some = f"{self.sick:,} of {self.networks:,} networks" if self.networks > 1 else "The network"
            alone = self.networks == 1
            text = f"{some} {'shows' if alone else 'show'} {_listed(titles, 'and' if alone else 'or')}."
        return f"{text} {self._missing()}".strip()

    def _missing(self) -> str:
        if self.measured:
            return ""
        blind = sum(rule.needs_health for rule in self.unchecked)
        return f"{blind} more rules look inside the layers; they need health = true under [record]."


def _listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
