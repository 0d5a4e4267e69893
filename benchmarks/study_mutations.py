"""Study files as nobody should write them: seeded mutations of the shipped ones, tables and bytes."""

from __future__ import annotations

import copy
import datetime as dt
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DEEP: list[Any] = []
for _ in range(9):
    DEEP = [DEEP]

NUMBERS = (0, 1, -1, 2, 3, 7, 2**31 - 1, 2**31, 2**32, 2**53, 2**63, 10**12, 10**30, -(2**40), 10**400)
REALS = (
    *(0.0, -0.0, 0.5, 1.0, 1e-3, 1e-30, 1e-40, 1e-300, 1e38, 3.5e38, 1e39, 1e308, -1e308, 0.1, 0.999999999),
    *(float("inf"), float("-inf"), float("nan")),
)
WORDS = (
    *("", "0", "[[", "\0", "\x1b[31m", "\u202eabc", "[red]", "[link=file:///]", "<script>", "é", "𝔘" * 50),
    *(
        "a" * 3000,
        "kind",
        "seed",
        "../..",
        "/dev/zero",
        "function",
        "digits",
        "exp",
        "cube",
        "identity",
        "all",
    ),
    *("sgd", "adam", "tnc", "l-bfgs", "relu", "sigmoid", "he_normal", "none", "same", "valid", "whole"),
    *(
        "zoom",
        "sobol",
        "halving",
        "tpe",
        "cma-es",
        "step_decay",
        "cosine",
        "one_cycle",
        "triangular",
        "cyclical",
    ),
    *("batch_norm", "flatten", "global_average_pool", "population", "squared_error", "softmax_cross_entropy"),
)
OTHERS = (
    *(
        True,
        False,
        [],
        {},
        [[]],
        [[1]],
        [1, 2],
        [0, 1],
        [-1e308, 1e308],
        [0, 1000],
        [1e-5, 1e-1],
        [None],
        DEEP,
    ),
    *({"kind": []}, {"kind": {}}, {"kind": "sgd"}, {"kind": "cosine", "rate": 0.1, "warmup": 10**12}),
    *(
        {"kind": "step_decay", "rate": 1.0, "every": 10**12},
        {"kind": "step_decay", "rate": 1, "factor": 1e308},
    ),
    *({"normal": 1e39}, {"sigmoid": 1e308}, {"leaky_relu": 1e300}, {"sigmoid_cross_entropy": 1e308}),
    *({"log": [1e-5, 1e-1], "count": 3}, {"linear": [-1e308, 1e308], "count": 4}, {"log": [1e-5, 1e-1]}),
    *({"log": [5e-324, 1.7e308], "count": 10_000}, {"count": 10_001}, {"dense": 3}, {"dense": 10**9}),
    *({"conv": 2, "kernel": 3}, {"conv": 2, "kernel": 3, "stride": 10**9}, {"conv": 10**9, "kernel": 10**5}),
    *({"average_pool": 2, "stride": 10**9}, {"max_pool": 2, "padding": 1}, {"dropout": 0.5}),
    *({"conv": 1, "kernel": 1, "padding": 10**6}, {"max_pool": 10**9, "padding": 10**8}),
    *(
        {"batch_norm": {"epsilon": 1e-300}},
        [{"conv": 3, "kernel": [3, 2]}, "relu", "flatten"],
        ["relu"] * 3000,
    ),
    *([8] * 2000, list(range(20_000)), dt.datetime(2026, 1, 1), dt.date(2026, 1, 1), dt.time(1, 2)),
)
TOKENS = (
    *(
        b"[",
        b"]",
        b"[[",
        b"]]",
        b"{",
        b"}",
        b"=",
        b".",
        b",",
        b'"',
        b"'",
        b'"""',
        b"'''",
        b"#",
        b"\n",
        b"\r",
        b"\0",
    ),
    *(
        b"1e999",
        b"nan",
        b"-inf",
        b"0x" + b"f" * 40,
        b"1979-05-27T07:32:00Z",
        b"07:32:00",
        b"2026-01-01",
        b"\xff",
    ),
    *(b"\xe2\x80\xae", b"\\u0000", b"\\ud800", b"9" * 5000, b"[" * 300, b"a." * 200, b"true", b"_", b"10**9"),
)
KEYS = (
    *(
        "kind",
        "seed",
        "data",
        "network",
        "training",
        "record",
        "vary",
        "search",
        "over",
        "strategy",
        "question",
    ),
    *("function", "range", "examples", "path", "target", "train", "validation", "test", "pca", "standardize"),
    *("split_seed", "stratify", "hidden", "layers", "activation", "batch_norm", "dropout", "initial", "loss"),
    *("output_activation", "weights", "optimizer", "batch_size", "steps", "epochs", "cycles", "iterations"),
    *(
        "evaluations",
        "learning_rate",
        "schedule",
        "l2",
        "order",
        "shared_order",
        "precision",
        "points",
        "health",
    ),
    *("training_examples", "quantiles", "rate", "factor", "every", "every_steps", "min", "max", "half_cycle"),
    *("gamma", "scale", "warmup", "end", "momentum", "epsilon", "log", "linear", "count", "trials", "rounds"),
    *(
        "training.l2",
        "network.hidden",
        "network.dropout",
        "data.split_seed",
        "training.schedule.max",
        "a" * 999,
    ),
    *(
        "",
        ".",
        "..",
        "training.",
        "a.b.c.d",
        "\x1b[2J",
        "</style>",
        "normal",
        "uniform",
        "sigmoid",
        "draw_seed",
    ),
)


def shipped_studies() -> dict[str, bytes]:
    """The bytes of every study file that comes with the project, by name."""
    files = sorted((ROOT / "studies").rglob("*.toml"))
    return {file.relative_to(ROOT).as_posix(): file.read_bytes() for file in files}


class Mutator:
    """Draws mutated studies, as bytes of a file or as dictionaries; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._bytes = list(shipped_studies().values())
        self._tables = [tomllib.loads(content.decode()) for content in self._bytes]

    def content(self) -> bytes:
        """A mutated study file."""
        content = self.rng.choice(self._bytes)
        for _ in range(self.rng.choice((1, 1, 2, 3, 8))):
            content = self._changed(content)
        return content

    def table(self) -> dict[str, Any]:
        """A mutated study as a dictionary, as it is handed over in Python."""
        table = copy.deepcopy(self.rng.choice(self._tables))
        for _ in range(self.rng.choice((1, 1, 1, 2, 3, 6))):
            self._change(table)
        return table

    def value(self) -> Any:
        """Something that a setting is not expected to be, or at its limit."""
        return copy.deepcopy(self.rng.choice(self.rng.choice((NUMBERS, REALS, WORDS, OTHERS))))

    def _change(self, table: dict[str, Any]) -> None:
        places = list(_places(table))
        holder, key = self.rng.choice(places) if places else (table, "training")
        kind = self.rng.randrange(12)
        if (
            kind > 8
            and isinstance(holder[key], (int, float))
            and type(holder[key]) is not bool
            and abs(holder[key]) < 1e300
        ):
            factor = self.rng.choice((2, 3, 0.5, 10, 0.1, 1e4, 1e-4))
            changed = holder[key] * factor
            holder[key] = (
                round(changed) if isinstance(holder[key], int) and self.rng.random() < 0.9 else changed
            )
        elif kind <= 3:
            holder[key] = self.value()
        elif kind == 4:
            del holder[key]
        elif kind == 5 and isinstance(holder, dict):
            holder[self.rng.choice(KEYS)] = self.value()
        elif kind == 6:
            other, own = self.rng.choice(list(_places(self.rng.choice(self._tables))))
            holder[key] = copy.deepcopy(other[own])
        else:
            holder[key] = [holder[key]] if self.rng.random() < 0.5 else {self.rng.choice(KEYS): holder[key]}

    def _changed(self, content: bytes) -> bytes:
        rng, size = self.rng, len(content)
        at, kind = rng.randrange(size + 1), rng.randrange(7)
        if kind == 0 and size:
            at = min(at, size - 1)
            return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
        if kind == 1:
            return content[:at] + rng.choice(TOKENS) + content[at:]
        if kind == 2:
            return content[:at] + content[at + rng.choice((1, 2, 5, 40)) :]
        if kind == 3:
            return content[:at]
        lines = content.splitlines(keepends=True) or [b""]
        if kind == 4:
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
            return b"".join(lines)
        if kind == 5:
            other = rng.choice(self._bytes).splitlines(keepends=True)
            lines[rng.randrange(len(lines))] = rng.choice(other)
            return b"".join(lines)
        line = rng.randrange(len(lines))
        name = lines[line].partition(b"=")[0]
        number = rng.choice((*map(str, NUMBERS[:-1]), *map(repr, REALS)))
        lines[line] = name + b"= " + number.encode() + b"\n"
        return b"".join(lines)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (dictionary or list, key or position) below a value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
