"""Unfinished runs, and what can be wrong with each of their files while every hash is right."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

import shoal
from shoal.data import Dataset, Part
from shoal.population.progress import NullListener
from shoal.runs.safe_arrays import from_bytes
from shoal.study.load import make_study
from shoal.study.settings.study import Study

Piece = tuple[dict[str, np.ndarray], dict[str, Any]]  # the arrays of a file and its header
Change = Callable[[dict[str, np.ndarray], dict[str, Any]], Any]
EVERY = {"memory": 1.0, "checkpoint_every": 0.0, "check": False}  # a chunk a member, a checkpoint a step

_BASE: dict[str, dict[str, Any]] = {
    "data": {"train": 40, "validation": 12, "test": 8, "standardize": "none"},
    "network": {"hidden": [3]},
    "training": {"steps": 8, "batch_size": 10, "learning_rate": 0.1},
    "record": {"points": 2},
}


def examples() -> Dataset:
    """Sixty examples of three classes that lie apart."""
    rng = np.random.default_rng(3)
    labels = np.arange(60) % 3
    inputs = rng.normal(size=(3, 5))[labels] * 1.5 + rng.normal(size=(60, 5))
    return Dataset("blobs", Part(inputs.astype(np.float32), labels), None, ("a", "b", "c"))


def plain_study() -> Study:
    """Two members."""
    return make_study({**_BASE, "vary": {"training.l2": [0.0, 0.1], "seed": 1}})


def full_batch_study() -> Study:
    """Two members that SciPy trains."""
    training = {"optimizer": "l-bfgs", "iterations": 5}
    return make_study({**_BASE, "training": training, "vary": {"training.l2": [0.0, 0.1], "seed": 1}})


def search_study(strategy: str, **settings: Any) -> Study:
    """A search over L2."""
    search = {"strategy": strategy, "over": {"training.l2": {"log": [1e-4, 1.0]}}, **settings}
    return make_study({**_BASE, "vary": {"seed": 1}, "search": search})


def halving_study() -> Study:
    """Four points, of which two go on."""
    return search_study("halving", trials=4, rungs=1, finalists=1, confirm=2)


class Stop(NullListener):
    """Presses Ctrl-C when so many steps are done."""

    def __init__(self, after: int) -> None:
        self.left = after

    def on_steps(self, chunk: Any, steps: int, values: Any) -> None:
        self.left -= steps
        if self.left < 0:
            raise KeyboardInterrupt


class StopsAtTheFirst(NullListener):
    """Presses Ctrl-C when a chunk is finished and kept."""

    def chunk_finished(self, chunk: Any, seconds: float, seconds_compile: float) -> None:
        raise KeyboardInterrupt


class Listens(NullListener):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def on_note(self, line: str) -> None:
        self.lines.append(line)


def begun(study: Study, folder: Path, after: int, **options: Any) -> Path:
    """The folder of a run that was interrupted after so many steps."""
    with suppress(KeyboardInterrupt):
        shoal.run(study, folder, dataset=examples(), **{"watcher": Stop(after), **EVERY, **options})
    return folder


def read_piece(folder: Path, name: str) -> Piece:
    """The arrays and the header of a file of a run folder."""
    return from_bytes((folder / name).read_bytes())


def plant(folder: Path, name: str, content: bytes) -> None:
    """Put a file into a run folder and its hash into the manifest, as somebody would who crafts one."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def changed(change: Change) -> Callable[[Piece], bytes]:
    """A file whose arrays or header were changed in place."""

    def craft(piece: Piece) -> bytes:
        arrays, header = ({**piece[0]}, json.loads(json.dumps(piece[1])))
        change(arrays, header)
        return save(
            {name: np.ascontiguousarray(value).reshape(np.shape(value)) for name, value in arrays.items()},
            metadata={"shoal": json.dumps(header)},
        )

    return craft


def raw(content: bytes) -> Callable[[Piece], bytes]:
    """Other bytes altogether."""
    return lambda piece: content


def headed(header: str) -> bytes:
    """A safetensors file of this header and nothing else."""
    return struct.pack("<Q", len(header)) + header.encode()


def without(name: str) -> Change:
    return lambda arrays, header: (arrays if name in arrays else header).pop(name)


def header(**values: Any) -> Change:
    return lambda arrays, own: own.update(values)


def array(name: str, change: Callable[[np.ndarray], Any]) -> Change:
    def apply(arrays: dict[str, np.ndarray], own: dict[str, Any]) -> None:
        arrays[name] = np.asarray(change(arrays[name]))

    return apply


DEEP = "[" * 100_000
ANY_FILE: dict[str, Callable[[Piece], bytes]] = {  # wrong whatever the piece
    "empty": raw(b""),
    "eight zeros": raw(bytes(8)),
    "no safetensors file": raw(b"no longer a file of arrays"),
    "header longer than the file": raw(struct.pack("<Q", 2**40) + b"{}"),
    "no header of ours": raw(headed("{}")),
    "nested header": raw(headed('{"__metadata__":{"shoal":"' + DEEP + '"}}')),
    "header is a list": raw(headed('{"__metadata__":{"shoal":"[]"}}')),
    "header is empty": changed(lambda arrays, header: header.clear()),
    "no arrays": changed(lambda arrays, header: arrays.clear()),
    "an array too many": changed(lambda arrays, header: arrays.update(strange=np.zeros(3))),
    "another header key": changed(header(strange=1)),
    "an array of eight TiB": raw(
        headed(
            '{"__metadata__":{"shoal":"{}"},"rates":{"dtype":"F64","shape":[1099511627776],"data_offsets":[0,8796093022208]}}'
        )
    ),
}
CHUNK: dict[str, Callable[[Piece], bytes]] = {
    **ANY_FILE,
    "index gone": changed(without("index")),
    "index is text": changed(header(index="0")),
    "index of no chunk": changed(header(index=99)),
    "index is true": changed(header(index=False)),
    "cells of another chunk": changed(header(cells=[1])),
    "seeds are a table": changed(header(seeds={"0": 0})),
    "record is text": changed(header(record="x")),
    "record is longer": changed(header(record=[0, 1, 2, 8])),
    "steps are many": changed(header(steps=10**30)),
    "seconds are text": changed(header(seconds="1")),
    "seconds are negative": changed(header(seconds=-1.0)),
    "finished is text": changed(header(finished="no")),
    "names gone": changed(without("names")),
    "names are a list": changed(header(names=[])),
    "names name nothing": changed(header(names={"curves": [], "finals": [], "weights": []})),
    "names name what is not there": changed(
        lambda a, h: h["names"]["curves"].append("validation_accuracy_2")
    ),
    "texts of another kind": changed(header(texts={"optimizer_message": 5})),
    "rates gone": changed(without("rates")),
    "rates of another shape": changed(array("rates", lambda a: a[:, :1])),
    "curve of another dtype": changed(array("curves/train_loss", lambda a: a.astype(np.float64))),
    "curve without axes": changed(array("curves/train_loss", lambda a: a.ravel()[0])),
    "curve gone": changed(without("curves/train_loss")),
    "divergence beyond the end": changed(array("finals/diverged_step", lambda a: a + 1000)),
    "a mistake that is no example": changed(array("finals/mistake_index", lambda a: a * 0 + 10**6)),
    "a mistake of no class": changed(array("finals/mistake_predicted", lambda a: a * 0 + 7)),
    "weights of another shape": changed(array("weights/affine_1.W", lambda a: a[..., :1])),
}
SOME = {name: ANY_FILE[name] for name in ("empty", "nested header", "header is empty", "no arrays")}
CHECKPOINT: dict[str, Callable[[Piece], bytes]] = {
    **SOME,
    "team gone": changed(without("team")),
    "team of others": changed(header(team=[])),
    "step is text": changed(header(step="4")),
    "step beyond the end": changed(header(step=10**12)),
    "step is not the population's": changed(header(step=1)),
    "records are many": changed(header(records=10**9)),
    "records are negative": changed(header(records=-1)),
    "names of nothing": changed(header(names=[["strange"]])),
    "names are a number": changed(header(names=3)),
    "population of another shape": changed(array("population.orders", lambda a: a[:, :3])),
    "order of examples that there are not": changed(array("population.orders", lambda a: a + 1000)),
    "record of another shape": changed(array("records/0/train_loss", lambda a: a[..., None])),
    "record gone": changed(without("records/0/train_loss")),
}
RUNG: dict[str, Callable[[Piece], bytes]] = {
    **SOME,
    "origin gone": changed(without("origin")),
    "origin is text": changed(header(origin="x")),
    "origin without data": changed(header(origin={})),
    "rung beyond the last": changed(header(rung=7)),
    "rung is text": changed(header(rung="1")),
    "nobody goes on": changed(header(alive=[])),
    "a trial that is none goes on": changed(header(alive=[[0, 99]])),
    "a trial is no pair": changed(header(alive=[[0]])),
    "a trial goes on twice": changed(lambda a, h: h.update(alive=[h["alive"][0]] * 2)),
    "no stacks": changed(header(lanes=[])),
    "a stack of no chunk": changed(lambda a, h: h["lanes"][0].update(chunk=99)),
    "a stack of a negative chunk": changed(lambda a, h: h["lanes"][0].update(chunk=-1)),
    "a stack of strange cells": changed(lambda a, h: h["lanes"][0].update(cells=[0, 99])),
    "a stack of a million cells": changed(lambda a, h: h["lanes"][0].update(cells=[0] * 10**6)),
    "a stack that owns nothing": changed(lambda a, h: h["lanes"][0].update(own=0)),
    "curves of another name": changed(header(curves=["strange"])),
    "trained between records": changed(array("trained", lambda a: a + 1)),
    "trained of another shape": changed(array("trained", lambda a: a[:1])),
    "a stack at another step": changed(array("lanes/0/.step", lambda a: a + 1)),
    "divergence beyond the end": changed(array("diverged_step", lambda a: a + 1000)),
}
ORIGIN: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "nested": DEEP.encode(),
    "bytes that are no text": b"\xff\xfe",
    "without data": b'{"versions": {}, "device": {}, "flags": {}, "plan": {"chunks": []}, "notes": []}',
    "versions are a list": b'{"versions": [], "plan": {"chunks": []}, "data": [], "notes": []}',
    "a version is a table": b'{"versions": {"jax": {}}, "plan": {"chunks": []}, "data": [], "notes": []}',
    "plan is a number": b'{"versions": {}, "plan": 5, "data": [], "notes": []}',
    "chunks are a number": b'{"plan": {"chunks": 5}, "data": [], "notes": []}',
    "notes are numbers": b'{"plan": {"chunks": []}, "data": [], "notes": [5]}',
    "a number without end": b'{"data": [' + b"9" * 10_000 + b"]}",
}


def copied(folder: Path, to: Path) -> Path:
    """A run folder once more."""
    return Path(shutil.copytree(folder, to))
