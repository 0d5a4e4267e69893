"""Validation errors in a reader's words: where, what came, what was expected, the nearest right name.

A setting that may take several forms (a name, a table, a list) is one mistake with one sentence, told about
the form that the value comes nearest to.
"""

from __future__ import annotations

import difflib
import itertools
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from shoal.study.toml import inline

MOST_SHOWN = 70  # characters of a value that are repeated in a message

_EXPECTED = {
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "{le} or less",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} entries",
    "value_error": "{error}",
}


def expectation(error: Any) -> str:
    """What was expected, for one of pydantic's errors."""
    context = {
        key: f"{v:g}" if isinstance(v, float) else f"{v:,}" if isinstance(v, int) else v
        for key, v in error.get("ctx", {}).items()
    }
    wording = _EXPECTED.get(error["type"])
    if wording is None:  # a kind of error that no setting is known to raise, in pydantic's own words
        return error["msg"].removeprefix("Input should be ")
    return wording.format(**context)


def words_expected(error: Any) -> list[str]:
    """The words that a setting may be, where its error lists them."""
    return re.findall(r"'([^']+)'", error["ctx"]["expected"]) if error["type"] == "literal_error" else []


def listed(words: list[str]) -> str:
    """Words in a sentence."""
    return f"one of {', '.join(words)}" if len(words) > 1 else f'"{words[0]}"'


def as_written(value: Any) -> str:
    """A value much as a study file writes it, shortened where it is long."""
    if isinstance(value, str):
        text = repr(value)
    else:
        try:
            text = inline(value)
        except (TypeError, ValueError):  # an object of Python's that TOML has no form for
            long = isinstance(value, int)  # of more digits than Python writes
            text = "a number of thousands of digits" if long else f"a {type(value).__name__}"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


MOST_TOLD = 100  # mistakes that are put into words
Found = list[tuple[tuple[Any, ...], Any]]  # (the rest of the location, pydantic's error)


class ValidationMessage(NamedTuple):
    """One mistake: its dotted path, the sentence about it, and whether it is a key that does not exist."""

    path: str
    sentence: str
    unknown_key: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}" if self.path else self.sentence


def nearest(word: str, known: Iterable[str]) -> str:
    """ "; did you mean `epochs`?" where a known word is close, else the list of them."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known: {', '.join(known)}" if known else ""


def describe(error: ValidationError, raw: Any, model: type[BaseModel]) -> list[ValidationMessage]:
    """One mistake for each setting of `model` that the written values `raw` got wrong, MOST_TOLD at most."""
    found = [(e["loc"], e) for e in error.errors(include_url=False)]
    return list(itertools.islice(_tell(found, raw, "", model), MOST_TOLD))


def _tell(found: Found, value: Any, path: str, annotation: Any) -> Iterator[ValidationMessage]:
    here = [error for location, error in found if not location]
    below: dict[Any, Found] = {}
    forms: dict[Any, Found] = {}
    for location, error in found:
        if location:
            into = below if _leads_below(location, error, value) else forms
            into.setdefault(location[0], []).append((location[1:], error))
    if forms:
        yield from _tell_nearest_form(forms, here, value, path, annotation)
    elif here:
        yield _about(here, value, path, annotation)
    for key, errors in below.items():
        yield from _tell_key(key, errors, value, path, annotation)


def _tell_key(key: Any, errors: Found, value: Any, path: str, annotation: Any) -> Iterator[ValidationMessage]:
    kinds = {error["type"] for location, error in errors if not location}
    if isinstance(key, int):
        inner, fields = f"{path}, entry {key + 1}", {str(key): annotation}
    else:
        inner = f"{path}, {key}" if ", entry " in path else f"{path}.{key}".strip(".")
        fields = _fields(annotation)
    if "missing" in kinds:
        yield ValidationMessage(inner, "is required and missing")
    elif "extra_forbidden" in kinds:
        yield ValidationMessage(inner, f"unknown key{nearest(str(key), fields)}", unknown_key=True)
    else:
        yield from _tell(errors, value[key], inner, fields.get(str(key)))


def _tell_nearest_form(
    forms: dict[Any, Found], here: list[Any], value: Any, path: str, annotation: Any
) -> Iterator[ValidationMessage]:
    leaves = [e for errors in forms.values() for location, e in errors if not location]
    deep = {tag: errors for tag, errors in forms.items() if all(location for location, _ in errors)}
    if not deep:
        yield _about([*here, *leaves], value, path, annotation)
        return
    misfits = {tag: sum(_is_misfit(error) for _, error in errors) for tag, errors in deep.items()}
    fewest = min(misfits.values())
    best = [tag for tag in deep if misfits[tag] == fewest]
    if len(best) > 1 and isinstance(value, Mapping):
        required = ([k for k, f in m.model_fields.items() if f.is_required()] for m in _models(annotation))
        keys = [keys[0] for keys in required if keys]
        meant = "".join(_meant(key, keys) for key in list(value)[:1] if key not in keys)
        text = "a table with one of the keys " + ", ".join(dict.fromkeys(keys))
        yield ValidationMessage(path, f"got {as_written(value)}; expected {text}{meant}")
        return
    yield from _tell(deep[best[0]], value, path, _branch(annotation, best[0]))


def _about(errors: list[Any], value: Any, path: str, annotation: Any) -> ValidationMessage:
    """The sentence about a value itself, whatever form was tried."""
    kinds = {error["type"] for error in errors}
    if kinds == {"value_error"}:
        return ValidationMessage(
            path, " and ".join(error["msg"].removeprefix("Value error, ") for error in errors)
        )
    if kinds & {"union_tag_invalid", "union_tag_not_found"} and isinstance(value, Mapping):
        known = _kinds(annotation)
        if "kind" not in value:
            return ValidationMessage(f"{path}.kind", f"is required and missing; known: {', '.join(known)}")
        sentence = f"got {as_written(value['kind'])}; expected {listed(known)}"
        return ValidationMessage(f"{path}.kind", sentence + _meant(value["kind"], known))
    words = [word for error in errors for word in words_expected(error)]
    texts = [expectation(error) for error in errors if not words_expected(error)]
    expected = ", or ".join(dict.fromkeys([*texts, *([listed(words)] if words else [])]))
    return ValidationMessage(path, f"got {as_written(value)}; expected {expected}{_meant(value, words)}")


def _meant(word: Any, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6) if isinstance(word, str) else []
    return f"; did you mean `{close[0]}`?" if close else ""


def _leads_below(location: tuple[Any, ...], error: Any, value: Any) -> bool:
    """Whether a location's head is a key or position of the value, and not the name of a form."""
    head = location[0]
    if isinstance(value, Mapping):
        if len(location) > 1 and head == value.get("kind"):
            return False
        return head in value or (len(location) == 1 and error["type"] == "missing")
    return isinstance(value, (list, tuple)) and isinstance(head, int)


def _is_misfit(error: Any) -> bool:
    return error["type"] in ("missing", "extra_forbidden")


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The tables that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models(part)]


def _kinds(annotation: Any) -> list[str]:
    """The values of `kind` among the tables that a field may hold."""
    kinds = [model.model_fields.get("kind") for model in _models(annotation)]
    return [word for kind in kinds if kind is not None for word in typing.get_args(kind.annotation)]


def _branch(annotation: Any, tag: Any) -> Any:
    """The table that pydantic names `tag`: by its class, or by its `kind`."""
    for model in _models(annotation):
        if tag == model.__name__ or tag in _kinds(model):
            return model
    return annotation


def _fields(annotation: Any) -> dict[str, Any]:
    """The keys of a table and what each may hold; none where it could be one of several tables."""
    models = _models(annotation)
    return {k: f.annotation for k, f in models[0].model_fields.items()} if len(models) == 1 else {}
