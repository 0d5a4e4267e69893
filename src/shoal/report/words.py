"""The answer in plain words, the same on the page and in the terminal."""

from __future__ import annotations

from shoal.analysis import FactorEffect, Row
from shoal.report.numbers import clean, counted, mean_and_half, p_value, percent, points
from shoal.report.summary import Summary
from shoal.statistics.intervals import wilson


def answer(summary: Summary) -> list[str]:
    """Sentences, the most important first: the best cell, its lead, its ties, each factor, what diverged."""
    if summary.ranking.best is None:
        return ["No cell has all of its seeds finished: nothing can be ranked yet.", *_diverged(summary)]
    sentences = [_headline(summary)]
    sentences += _lead(summary) if summary.ranking.next is not None else _alone(summary)
    sentences += [sentence for effect in summary.effects for sentence in _effect(summary, effect)]
    return sentences + _diverged(summary)


def _headline(summary: Summary) -> str:
    row = summary.rows[0]
    subject = "The network reached" if not summary.factors else f"Best: {summary.cell_text(row.cell)}, with"
    return f"{subject} {_measures(summary, row)}."


def _measures(summary: Summary, row: Row) -> str:
    own = row.measures[summary.metric]
    over = f"mean over {own.n} seeds with 95 % interval" if own.known else "one seed: no interval"
    text = f"{mean_and_half(own)} % {summary.metric_words} ({over})"
    if "test_accuracy" in row.measures:
        text += f" and {mean_and_half(row.measures['test_accuracy'])} % on test data"
    if summary.metric == "train_accuracy":
        text += "; nothing was held out for validation, so this says little about new data"
    return text


def _alone(summary: Summary) -> list[str]:
    """What sampling of the test examples is worth, where one network is all there is."""
    counts = _test_count(summary)
    row = summary.rows[0]
    if summary.seeds > 1 or counts == 0 or "test_accuracy" not in row.measures:
        return []
    share = row.measures["test_accuracy"].mean
    interval = wilson(round(share * counts), counts)
    return [
        f"{counted(counts, 'test example')} alone leave anything from {percent(interval.low)} to "
        f"{percent(interval.high)} % open (95 % Wilson interval); another seed would add its own spread."
    ]


def _test_count(summary: Summary) -> int:
    data = summary.attribute("data", {})
    counts = data.get("counts", {}) if isinstance(data, dict) else {}
    count = counts.get("test", 0) if isinstance(counts, dict) else 0
    return int(count) if isinstance(count, int | float) else 0


def _lead(summary: Summary) -> list[str]:
    ranking = summary.ranking
    assert ranking.lead is not None
    assert ranking.next is not None
    runner_up = summary.cell_text(ranking.next)
    if not ranking.seen_noise:
        return [
            f"Its lead over the next cell ({runner_up}) is {points(ranking.lead)}. With one seed nobody can "
            "say whether that is more than noise: vary `seed` to find out."
        ]
    others = len(ranking.order) - 1
    adjusted = f", adjusted for {counted(others, 'comparison')}" if others > 1 else ""
    verdict = "more than noise" if ranking.more_than_noise else "no more than noise"
    return [
        f"Its lead over the next cell ({runner_up}) is {points(ranking.lead)}, paired by seed: {verdict} "
        f"({p_value(ranking.p_adjusted[ranking.next])}{adjusted}).",
        *_ties(len(ranking.tied), len(ranking.erratic), others),
    ]


def _ties(tied: int, erratic: int, others: int) -> list[str]:
    if others == 1:
        return []
    if tied + erratic == 0:
        return [f"It can be told from every one of the other {others} cells."]
    left = f"; {erratic} more {'is' if erratic == 1 else 'are'} too erratic to compare"
    if tied in (0, others):
        text = f"None of the other {others} cells {'ties with it' if tied == 0 else 'can be told from it'}"
    else:
        text = f"{tied} of the other {others} cells cannot be told from it"
    return [f"{text}{left if erratic else ''}."]


def _effect(summary: Summary, effect: FactorEffect) -> list[str]:
    if not effect.differences or (len(summary.factors) == 1 and len(effect.factor.levels) == 2):
        return []  # the lead has said it already
    if len(effect.factor.levels) == 2:
        return [_two_levels(summary, effect)]
    return [_many_levels(summary, effect)]


def _averaged(summary: Summary, effect: FactorEffect) -> str:
    if not effect.averaged_over:
        return ""
    names = [
        f"{clean(other.label)} ({counted(len(other.levels), 'level')})" for other in effect.averaged_over
    ]
    return f", averaged over {_listed(names)}"


def _two_levels(summary: Summary, effect: FactorEffect) -> str:
    (difference,) = effect.differences
    texts = summary.texts[effect.factor.name]
    name = clean(effect.factor.label)
    text = (
        f"{_capital(name)}{_averaged(summary, effect)}: {texts[effect.best]} is "
        f"{points(difference.interval)} better than {texts[difference.level]}"
    )
    if effect.settings - effect.left_out > 1:
        low, high = percent(difference.smallest), percent(difference.largest)
        text += f" (from {low} to {high}, depending on the rest)"
    return f"{text}{_verdict(summary, difference.more_than_noise)}."


def _many_levels(summary: Summary, effect: FactorEffect) -> str:
    texts = summary.texts[effect.factor.name]
    worst = min(effect.differences, key=lambda d: effect.means[d.level].mean)
    name = clean(effect.factor.label)
    text = (
        f"{_capital(name)}{_averaged(summary, effect)}: best at {texts[effect.best]}, which is "
        f"{points(worst.interval)} better than the worst, {texts[worst.level]}"
        f"{_verdict(summary, worst.more_than_noise)}"
    )
    return f"{text}{_tied_levels(len(effect.tied), len(effect.differences)) if summary.seeds > 1 else ''}."


def _tied_levels(tied: int, others: int) -> str:
    if tied == 0:
        return "; every other level can be told from the best"
    if tied == others:
        return "; no other level can be told from the best"
    return f"; {tied} of the other {others} levels cannot be told from the best"


def _verdict(summary: Summary, more_than_noise: bool) -> str:
    if summary.seeds < 2:
        return ""
    return ", more than noise" if more_than_noise else ", no more than noise"


def _diverged(summary: Summary) -> list[str]:
    finished, _ = summary.members
    count = min(len(summary.diverged), finished)
    if count == 0:
        return []
    interval = wilson(count, finished)
    bounds = f"{percent(interval.low, 1)} to {percent(interval.high, 1)} %"
    return [
        f"{count:,} of {counted(finished, 'network')} diverged ({percent(interval.mean, 1)} %, 95 % Wilson "
        f"interval {bounds}); in means and comparisons they count with the accuracy that they were left with."
    ]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
