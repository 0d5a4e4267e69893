"""Reads `[search]`: its strategy's table, and every mistake in it with its path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from shoal.study.factors import MOST_FACTORS, wrong_levels, wrong_path
from shoal.study.messages import ValidationMessage, as_written, describe, listed, nearest
from shoal.study.settings.base import leaves
from shoal.study.settings.search import STRATEGIES, Range, SearchSettings
from shoal.study.settings.study import Settings

MOST_CHOICES = 100  # of one factor: each is tried when the file is read
Try = Callable[
    [Mapping[str, Any]], tuple[Settings | None, list[ValidationMessage]]
]  # settings with levels at paths


def read_search(written: Any, base: Mapping[str, Any], factors: list[str]) -> tuple[Any, list[str]]:
    """The settings of a search, or None, and the sentences that say what is wrong with them.

    `factors` are the paths that `[vary]` varies.
    """
    if not isinstance(written, Mapping):
        return None, [f"search: got {as_written(written)}; expected a table"]
    name = written.get("strategy")
    if not isinstance(name, str) or name not in STRATEGIES:
        known = listed(list(STRATEGIES))
        if name is None:
            return None, [f"search.strategy: is required and missing; expected {known}"]
        hint = nearest(name, STRATEGIES) if isinstance(name, str) else ""
        meant = hint if "mean" in hint else ""
        return None, [f"search.strategy: got {as_written(name)}; expected {known}{meant}"]
    over, mistakes = _read_over(written.get("over"))
    if mistakes:
        return None, mistakes
    given = {**written, "over": over}
    try:
        search = STRATEGIES[name].model_validate(given)
    except ValidationError as error:
        found = describe(error, given, STRATEGIES[name])
        return None, [f"search{'.' if mistake.path else ': '}{mistake}" for mistake in found]
    mistakes = [
        f'search.over."{path}": {wrong}'
        for path in search.over
        if (wrong := wrong_path(path, base, list(search.over)))
    ]
    mistakes += [
        f'vary."{path}": a search chooses its members itself; only `seed` can vary beside it. Write the '
        "levels as choices in search.over, or make a study of each"
        for path in factors
    ]
    return search, mistakes


def _read_over(written: Any) -> tuple[dict[str, Range | tuple[Any, ...]], list[str]]:
    if not isinstance(written, Mapping) or not written:
        return {}, ['search.over: names no factor; write for example "training.l2" = { log = [1e-5, 1e-1] }']
    over: dict[str, Range | tuple[Any, ...]] = {}
    mistakes: list[str] = []
    flat = list(_flat(written))
    if len(flat) > MOST_FACTORS:
        return {}, [f"search.over: {len(flat):,} factors; a search is over at most {MOST_FACTORS}"]
    for path, own in flat:
        where = f'search.over."{path}"'
        if isinstance(own, Mapping):
            try:
                over[path] = Range.model_validate(own)
            except ValidationError as error:
                mistakes += [f"{where}{'.' if m.path else ': '}{m}" for m in describe(error, own, Range)]
        elif isinstance(own, list) and len(own) > MOST_CHOICES:
            mistakes.append(
                f"{where}: {len(own):,} choices; a search has at most {MOST_CHOICES:,}, or a range"
            )
        elif isinstance(own, list) and not (wrong := wrong_levels(own)) and len(own) > 1:
            over[path] = tuple(own)
        elif isinstance(own, list):
            mistakes.append(f"{where}: {wrong or 'has one choice; expected two or more, or a range'}")
        else:
            expected = "{ log = [lowest, highest] }, { linear = [...] } or a list of choices"
            mistakes.append(f"{where}: got {as_written(own)}; expected {expected}")
    return over, mistakes


def _flat(written: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys as paths: over.training.l2 = {...} is over."training.l2" = {...}."""
    for key, value in written.items():
        tables = isinstance(value, Mapping) and any(isinstance(v, Mapping) for v in value.values())
        if tables and not set(value) & {"log", "linear"}:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def first_point(search: SearchSettings) -> dict[str, Any]:
    """The lowest end of every range, the first of every list: a point to read the rest of a study with."""
    return {path: ends_of(own)[0] for path, own in search.over.items()}


def ends_of(own: Any) -> tuple[Any, ...]:
    """What a factor must be able to be: both ends of a range, every choice of a list."""
    return own.ends if isinstance(own, Range) else own


def wrong_points(search: SearchSettings, settings_at: Try) -> Iterator[str]:
    """Ends and choices that make no valid settings, ranges of what is no traced number, and what a search
    cannot rank or train."""
    first = first_point(search)
    said: dict[str, None] = {}
    for path, own in search.over.items():
        found = [settings_at({**first, path: end}) for end in ends_of(own)]
        wrong = {
            _about(path, end, mistake)
            for end, (_, mistakes) in zip(ends_of(own), found, strict=True)
            for mistake in mistakes
        } - {""}
        if isinstance(own, Range) and not any(_traced(path, one) for one, _ in found) and len(wrong) != 1:
            wrong = {": a range needs a setting that changes numbers only; write a list of choices"}
        said |= dict.fromkeys(f'search.over."{path}"{sentence}' for sentence in sorted(wrong))
        said |= dict.fromkeys(sentence for one, _ in found if one for sentence in _unfit(one))
    yield from said


def _traced(path: str, settings: Settings | None) -> bool:
    return settings is not None and path in leaves(settings)[0]


def _about(path: str, end: Any, mistake: ValidationMessage) -> str:
    """What a mistake says of this factor's end or choice; nothing where it is about something else."""
    if mistake.unknown_key and (mistake.path == path or path.startswith(f"{mistake.path}.")):
        return f": {mistake.sentence}"
    own = mistake.path == path or mistake.path.startswith((f"{path}.", f"{path},"))
    return f", {as_written(end)}: {mistake.sentence}" if own else ""


def _unfit(settings: Settings) -> Iterator[str]:
    if settings.training.full_batch:
        kind = settings.training.optimizer_table.kind
        yield (
            f'training.optimizer: "{kind}" trains one member after another; a search trains populations. '
            "Take an optimizer with batches, or leave [search] out"
        )
    if settings.data.validation == 0:
        measure = "loss" if settings.network.loss == "squared_error" else "accuracy"
        yield (
            f"data.validation: is 0; a search ranks by {measure} on validation data. Hold some examples "
            "out, as validation = 0.1"
        )
