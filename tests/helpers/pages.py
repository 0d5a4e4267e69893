"""Synthetic results of every kind that a report must draw, and a strict reader of the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import xarray as xr

from sick_results import healthy, put
from synthetic import WRONG_CHECK, make_result

VOID = {"meta", "br", "hr", "img", "link", "input", "col", "wbr"}
EVERYONE = tuple((cell, seed) for cell in range(4) for seed in range(2))


def _unlike_lengths() -> xr.Dataset:
    result = make_result(("batch_norm",))
    for name in ("train_accuracy", "train_loss", "train_cost", "validation_accuracy", "validation_loss"):
        result[name].values[0, :, 7:] = np.nan
    for name in ("learning_rate", "epoch"):
        result[name].values[0, 7:] = np.nan
    return result


def _unlike_schedules() -> xr.Dataset:
    result = make_result(("l2",), levels={"l2": [0.1, 0.01, 0.001, 0.0]})
    result["learning_rate"].values[:] = result["l2"].values[:, None] + 1e-4
    return result


def _sick(factors: tuple[str, ...], seeds: int = 3) -> xr.Dataset:
    result = put(healthy(factors, seeds), "dead_fraction", 0.75, "relu_1", seed=0)
    return put(result, "gradient_norm", np.inf, "affine_1", step=0)


def _overflowing() -> xr.Dataset:
    result = make_result(("l2",))
    result["train_loss"].values[0, 0, 4:] = np.inf
    result["train_loss"].values[1, :, 4:] *= 1e6
    return result


KINDS: dict[str, Callable[[], xr.Dataset]] = {
    "no factors, 1 seed": lambda: make_result((), 1),
    "no factors, 5 seeds": lambda: make_result((), 5),
    "no factors, nothing but training": lambda: make_result((), 2, validation=False, test=False),
    "log": lambda: make_result(("l2",), 3),
    "log, 1 seed": lambda: make_result(("l2",), 1, test=False),
    "linear": lambda: make_result(("dropout",), 2),
    "bool": lambda: make_result(("batch_norm",), 5),
    "category": lambda: make_result(("optimizer",), 4, test=False),
    "one level": lambda: make_result(("l2",), 2, levels={"l2": [0.1]}),
    "bool x log": lambda: make_result(("batch_norm", "l2")),
    "category x category": lambda: make_result(("optimizer", "initial"), 2, steps=2),
    "category x category, 1 seed": lambda: make_result(("optimizer", "initial"), 1, validation=False),
    "heat map": lambda: make_result(("l2", "optimizer"), 3, steps=2),
    "large heat map": lambda: make_result(("dropout", "l2"), 2, levels=GRID, steps=2, validation=False),
    "three factors": lambda: make_result(("batch_norm", "l2", "initial"), 2, steps=2),
    "diverged": lambda: make_result(("l2",), 3, diverged=((3, 0), (3, 1), (3, 2), (1, 0))),
    "interrupted": lambda: make_result(("batch_norm", "l2"), 3, unfinished=((0, 0), (1, 1), (5, 2), (7, 0))),
    "interrupted, nothing finished": lambda: make_result(("l2",), 2, unfinished=EVERYONE),
    "no gradient check": lambda: make_result((), 2, gradient_check=False, test=False),
    "one recorded step": lambda: make_result(("l2",), 2, steps=1),
    "uneven levels": lambda: make_result(("dropout",), 2, levels={"dropout": [0.0, 1e-4, 1e-3, 0.5]}),
    "unlike lengths": _unlike_lengths,
    "unlike schedules": _unlike_schedules,
    "overflow": _overflowing,
    "bare": lambda: make_result(("l2",)).drop_attrs(deep=False),
    "health": lambda: _sick(("batch_norm",)),
    "health, one network": lambda: _sick((), 1),
    "health, many cells": lambda: healthy(("optimizer", "initial"), 2),
    "health, diverged": lambda: healthy(("l2",), 2, diverged=((3, 0), (3, 1), (1, 0))),
    "wrong gradient": lambda: make_result(("l2",), 2).assign_attrs(gradient_check=json.dumps(WRONG_CHECK)),
}
GRID = {"dropout": [i / 10 for i in range(8)], "l2": [10.0 ** (-i / 2) for i in range(10)]}


WHOLE = ("bool x log", "diverged", "heat map", "no factors, 1 seed")


def kind_of_result(kind: str) -> xr.Dataset:
    """A result of that kind; all but a few without cost and confusion matrix, to be quick."""
    result = KINDS[kind]()
    spared = ["train_cost", "validation_cost", "confusion", "class", "predicted"]
    return result if kind in WHOLE else result.drop_vars(spared, errors="ignore")


class Reader(HTMLParser):
    """Reads a page strictly: every element closed in order, no identifier twice, no attribute twice."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.text: list[str] = []
        self.styles = 0
        self.feed(page)
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("span", "em", "strong", "a"):
            self.text.append(" ")
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"attribute twice in <{tag}>: {names}"
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"a script in <{tag} {name}>"
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                assert value is not None
                assert value.startswith(("#", "data:")), f"<{tag}> refers to {value}"
                self.references.append(value)
            self.references += re.findall(r"url\((#[^)]+)\)", value or "")
            if name in ("aria-labelledby",):
                self.references += [f"#{part}" for part in (value or "").split()]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style",):
            self.text.append(data)

    @property
    def words(self) -> str:
        """The page's text, whitespace of every kind as one space."""
        return " ".join("".join(self.text).split())
