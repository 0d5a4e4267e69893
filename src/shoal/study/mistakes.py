"""Validation errors in a reader's words: where, what came, what was expected, the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError


def nearest(word: str, known: Iterable[str]) -> str:
    """ "; did you mean `epochs`?" where a known word is close, else the list of them."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known: {', '.join(known)}" if known else ""


def describe(error: ValidationError, raw: Mapping[str, Any]) -> list[str]:
    """One sentence a mistake, with its dotted path. The branches of a union are gathered into one."""
    grouped: dict[str, list[Any]] = {}
    for mistake in error.errors(include_url=False):
        grouped.setdefault(_path(mistake["loc"], raw), []).append(mistake)
    deeper = {path for path in grouped for other in grouped if other != path and path.startswith(f"{other}.")}
    shown = {p: m for p, m in grouped.items() if not any(d.startswith(f"{p}.") for d in deeper)}
    return [
        f"{path}: {_sentence(path, mistakes, error)}" if path else _sentence(path, mistakes, error)
        for path, mistakes in shown.items()
    ]


def _path(location: Sequence[Any], raw: Any) -> str:
    """The location as the file has it: pydantic's names for the branches of a union are left out."""
    parts = []
    for i, part in enumerate(location):
        if isinstance(raw, Mapping) and part in raw:
            parts.append(str(part))
            raw = raw[part]
        elif isinstance(raw, (list, tuple)) and isinstance(part, int) and part < len(raw):
            parts.append(str(part + 1))
            raw = raw[part]
        elif (
            i == len(location) - 1
            and isinstance(part, str)
            and isinstance(raw, Mapping)
            and part.isidentifier()
        ):
            parts.append(part)
    return ".".join(parts)


def _sentence(path: str, mistakes: list[Any], error: ValidationError) -> str:
    kinds = [m["type"] for m in mistakes]
    first = mistakes[0]
    if "missing" in kinds:
        return "is required and missing"
    if all(kind == "extra_forbidden" for kind in kinds):
        return f"unknown key{nearest(path.rsplit('.', 1)[-1], _keys_beside(path, error))}"
    expected = list(dict.fromkeys(_expectation(m) for m in mistakes if m["type"] != "extra_forbidden"))
    text = " or ".join(expected)
    came = first["input"]
    if kinds == ["value_error"]:
        return expected[0]
    hint = ""
    if isinstance(came, str):
        words = [w for m in mistakes for w in _literals(m)]
        close = difflib.get_close_matches(came, words, n=1, cutoff=0.6)
        hint = f"; did you mean `{close[0]}`?" if close else ""
    return f"got {came!r}; expected {text}{hint}"


def _expectation(mistake: Any) -> str:
    message = mistake["msg"].removeprefix("Value error, ")
    if mistake["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return "a table"
    return message.removeprefix("Input should be ").removeprefix("a valid ")


def _literals(mistake: Any) -> list[str]:
    return [part for part in mistake.get("ctx", {}).get("expected", "").split("'") if part.strip(" ,or")]


def _keys_beside(path: str, error: ValidationError) -> list[str]:
    from shoal.study.spec.study import Settings

    model: Any = Settings
    for part in path.split(".")[:-1]:
        field = (
            model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        )
        model = field.annotation if field else None
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return []
