"""Whatever stands in results.nc and weights.safetensors, it is read, or refused in one message.

A file's structure is judged by `hdf5_file.read`, what it holds by `check_result`. Most files are known not to
hang anything and are read in this process; those that may are read as users do, by another one.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import crafted_results as craft
import shoal
from crafted_results import (
    attribute,
    changed,
    edited,
    flipped,
    in_json,
    put,
    read_here,
    without,
)
from shoal.cli.main import main
from shoal.errors import RunError
from shoal.report.figures import draw_figures
from shoal.report.plain import regression_page
from shoal.report.summary import summarize
from shoal.report.svg import Drawing
from shoal.report.words import answer
from shoal.results.assemble import FULL_BATCH
from shoal.results.result_schema import RESULT, VARIABLES, check_result
from shoal.runs.dataset_file import read_dataset
from shoal.runs.hdf5_file import RefusedError
from shoal.runs.safe_arrays import ArrayFileError, read_arrays
from shoal.training.runtime import keep_compiled_programs

WHERE = Path("run/results.nc")
SECONDS = 60  # more than the reader may take of the processor, on a busy machine
OF_OTHER_STUDIES = {"prediction_span", "collapsed", "rung", "saturated_fraction", *FULL_BATCH}
REQUIRED = [name for name, one in VARIABLES.items() if one.required]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOAL_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        keep_compiled_programs()
        return craft.train(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def sound(run_folder) -> bytes:
    return (run_folder / "results.nc").read_bytes()


@pytest.fixture(scope="module")
def result(sound) -> xr.Dataset:
    return check_result(read_here(sound), WHERE)


@pytest.fixture
def crafted_run(run_folder, tmp_path):
    """A copy of the run with other bytes in place of a file's, the manifest agreeing with them."""

    def made(content: bytes, name: str = "results.nc") -> Path:
        folder = tmp_path / "run"
        shutil.copytree(run_folder, folder)
        (folder / name).write_bytes(content)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest[name] = hashlib.sha256(content).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    return made


class Nothing:
    """In place of a figure and its axes: what is drawn is worked out, and not drawn."""

    def __getattr__(self, name: str) -> Nothing:
        return self

    def __call__(self, *_: Any, **__: Any) -> Nothing:
        return self

    def __getitem__(self, _: Any) -> Nothing:
        return self

    def __iter__(self):
        return iter((self, self))


def leave_undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure's numbers and words, without matplotlib."""
    for name, module in list(sys.modules.items()):
        if name.startswith("shoal.report."):
            for maker, made in (("panel", lambda *_, **__: (Nothing(), Nothing())), ("Figure", Nothing())):
                if hasattr(module, maker) and name != "shoal.report.style":
                    monkeypatch.setattr(module, maker, made)
            if hasattr(module, "to_drawing"):
                monkeypatch.setattr(module, "to_drawing", _described)


def _described(figure: Any, name: str, title: str, description: str, *_: Any, **__: Any) -> Drawing:
    return Drawing("<svg></svg>", title, description)


@pytest.fixture
def undrawn(monkeypatch):
    leave_undrawn(monkeypatch)


def report_of(dataset: xr.Dataset) -> list[str]:
    """The names of the figures that a report of this result has."""
    if "train_accuracy" not in dataset:
        return [group.name for group in regression_page(dataset).groups]
    summary = summarize(dataset)
    assert answer(summary)
    return [group.name for group in draw_figures(summary)]


# The file: nothing is read but plain arrays of its own.


def test_a_sound_file_is_read_as_xarray_reads_it(sound, result):
    with xr.open_dataset(io.BytesIO(sound), engine="h5netcdf") as stored:
        xr.testing.assert_identical(read_dataset(sound, WHERE), stored.load())
    assert {name: one.dtype for name, one in result.variables.items()} == {
        name: one.dtype for name, one in stored.variables.items()
    }


def _external(file: h5py.File) -> None:
    old = file["train_loss"]
    shape, dtype = old.shape, old.dtype
    del file["train_loss"]
    file.create_dataset("train_loss", shape, dtype, external=[("/etc/passwd", 0, old.nbytes)])


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2,), np.int64)
    layout[:] = h5py.VirtualSource("/etc/passwd", "seed", (2,))
    file.create_virtual_dataset("extra", layout)


def _committed(file: h5py.File) -> None:
    file["extra"] = np.dtype("f4")


def _cycle(file: h5py.File) -> None:
    file.create_group("extra")["extra"] = file["/"]


def _deep(file: h5py.File) -> None:
    file.create_group("/".join(["extra"] * 2000))


def _declared(count: int, **how: Any) -> Any:
    return lambda file: file.create_dataset("extra", (count,), "f8", **how)


def _overlapping(file: h5py.File) -> None:
    for i in range(300):
        file[f"extra {i}"] = file["activation_quantile"]


def _many(file: h5py.File) -> None:
    for i in range(5000):
        file[f"extra {i}"] = file["seed"]


def _many_attributes(file: h5py.File) -> None:
    for i in range(100):
        file["seed"].attrs[f"a{i}"] = 1


def _no_dimensions(file: h5py.File) -> None:
    file.create_dataset("extra", data=np.zeros((2, 2)))


def _long_texts(file: h5py.File) -> None:
    texts = ["x" * 10**6, *[""] * 1000]
    file.create_dataset("extra", data=texts, dtype=h5py.string_dtype()).make_scale("extra")


STRUCTURES = {
    "a soft link": (lambda f: f.__setitem__("extra", h5py.SoftLink("/seed")), "'extra' is a link"),
    "a dangling soft link": (lambda f: f.__setitem__("extra", h5py.SoftLink("/nowhere")), "is a link"),
    "a link to itself": (lambda f: f.__setitem__("extra", h5py.SoftLink("/extra")), "is a link"),
    "an external link": (
        lambda f: f.__setitem__("extra", h5py.ExternalLink("/etc/passwd", "/")),
        "'extra' is a link",
    ),
    "external storage": (_external, "'train_loss' lie in another file"),
    "a virtual dataset": (_virtual, "'extra' is put together from other datasets"),
    "a committed type": (_committed, "'extra' is a group or a type"),
    "a cyclic group": (_cycle, "'extra' is a group or a type"),
    "deep groups": (_deep, "'extra' is a group or a type"),
    "8 TiB declared": (_declared(2**40), "declares 8,796,093,022,208 bytes that it does not have"),
    "8 TiB in chunks": (_declared(2**40, chunks=(1024,)), "it declares 8,796,093,022,208 bytes"),
    "8 TiB of zeros, compressed": (
        _declared(2**40, chunks=(1024,), compression="gzip"),
        "it declares 8,796,093,022,208 bytes",
    ),
    "a gigantic chunk": (_declared(2**28, chunks=(2**28,), compression="gzip"), "in pieces of more than"),
    "one array under many names": (_overlapping, "it declares"),
    "many objects": (_many, "objects; at most 4,096"),
    "many attributes": (_many_attributes, "attributes; at most 64"),
    "a huge attribute": (attribute("extra", np.zeros(5000)), "'extra' is neither a text nor a few numbers"),
    "an attribute of complex numbers": (attribute("extra", 1j), "'extra' is neither"),
    "an empty attribute": (attribute("extra", h5py.Empty("f4")), "'extra' is neither"),
    "a reference": (lambda f: f.attrs.__setitem__("extra", f["seed"].ref), "'extra' is neither"),
    "an unknown filter": (_declared(8, chunks=(8,), compression="lzf"), "a filter other than gzip"),
    "scale-offset": (
        lambda f: f.create_dataset("extra", (8,), "i4", chunks=(8,), scaleoffset=0),
        "a filter other than gzip",
    ),
    "complex numbers": (lambda f: f.create_dataset("extra", data=[1j]), "neither numbers nor text"),
    "opaque bytes": (lambda f: f.create_dataset("extra", data=np.void(b"xy")), "neither numbers nor text"),
    "a table": (
        lambda f: f.create_dataset("extra", data=np.zeros(2, [("a", "i4"), ("b", "f8")])),
        "neither numbers nor text",
    ),
    "numbers of any length": (
        lambda f: f.create_dataset("extra", (2,), h5py.vlen_dtype(np.int32)),
        "neither numbers nor text",
    ),
    "an enumeration": (
        lambda f: f.create_dataset("extra", (2,), h5py.enum_dtype({"a": 0})),
        "neither numbers nor text",
    ),
    "no values": (lambda f: f.create_dataset("extra", data=h5py.Empty("f4")), "or no values"),
    "no dimensions": (_no_dimensions, "'extra' has no dimensions"),
    "a dimension of another length": (put("seed", np.arange(5)), "do not fit its shape"),
    "texts too long for their number": (_long_texts, "texts too long for their number"),
    "bytes that are no UTF-8": (
        lambda f: f.attrs.__setitem__("extra", np.bytes_(b"\xff\xfe")),
        "is no text in UTF-8",
    ),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_whatever_is_no_plain_array_is_refused_before_it_is_read(name, sound):
    edit, message = STRUCTURES[name]
    with pytest.raises(RefusedError) as refused:
        read_here(edited(sound, edit))
    assert message in str(refused.value)


def test_compressed_arrays_are_read(sound, result):
    how = {"compression": "gzip", "shuffle": True, "fletcher32": True}
    packed = edited(sound, put("train_loss", result["train_loss"].values, chunks=(1, 1, 2, 2), **how))
    np.testing.assert_array_equal(read_here(packed)["train_loss"], result["train_loss"])


@pytest.mark.parametrize("share", [0, 1, 8, 96, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(share, sound):
    cut = sound[: share if isinstance(share, int) else int(share * len(sound))]
    with pytest.raises(RunError, match=r"results\.nc is damaged, or no run wrote it"):
        read_dataset(cut, WHERE)


@pytest.mark.parametrize(("seed", "count"), [(seed, count) for seed in range(6) for count in (1, 30)])
def test_flipped_bytes_are_read_or_refused(seed, count, sound):
    with suppress(RunError):  # nothing else may come
        check_result(read_dataset(flipped(sound, seed, count), WHERE), WHERE)


def test_a_file_that_never_ends_to_be_read_is_refused(sound, monkeypatch):
    """Its reader is told to wait, as the library does in a loop of a damaged file."""
    monkeypatch.setattr("shoal.runs.dataset_file.READER", "endless")
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "readers"))
    began = time.monotonic()
    with pytest.raises(RunError, match="takes longer than any sound file of its size"):
        read_dataset(sound, WHERE)
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(("reader", "message"), [("crashing", "crash"), ("greedy", "MemoryError")])
def test_a_file_that_makes_its_reader_crash_or_fill_the_memory_is_refused(
    reader, message, sound, monkeypatch
):
    monkeypatch.setattr("shoal.runs.dataset_file.READER", reader)
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "readers"))
    with pytest.raises(RunError, match=message):
        read_dataset(sound, WHERE)


# What it holds: names, dimensions, kinds and values that a run writes.


def refused(sound: bytes, *edits: craft.Edit) -> str:
    def every(file: h5py.File) -> None:
        for edit in edits:
            edit(file)

    with pytest.raises(RunError) as error:
        check_result(read_here(edited(sound, every)), WHERE)
    assert error.value.what.startswith("run/results.nc does not hold what a run writes: ")
    return error.value.what


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_variable_is_missing(name, result):
    with pytest.raises(RunError, match=f"'{name}' is missing"):
        check_result(result.drop_vars(name), WHERE)


@pytest.mark.parametrize("name", ["finished", "diverged", "diverged_step", "train_loss"])
def test_a_required_variable_is_not_in_the_file(name, sound):
    assert f"'{name}' is missing" in refused(sound, without(name))


@pytest.mark.parametrize("name", craft.FACTORS)
def test_the_levels_of_a_factor_are_missing(name, result):
    with pytest.raises(RunError, match=f"the levels of '{name}' are missing"):
        check_result(result.drop_vars(name), WHERE)


@pytest.mark.parametrize("name", sorted({*RESULT.required}))
def test_a_required_attribute_is_missing(name, sound):
    assert f"the attribute {name!r} is missing" in refused(sound, without(name))


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in VARIABLES
        if VARIABLES[name].kind in ("b", "f", "iu")
        and len(VARIABLES[name].dims) > 1
        and name not in OF_OTHER_STUDIES
    ],
)
def test_a_variable_of_another_kind(name, sound, result):
    assert name in result
    wrong = edited(sound, changed(name, lambda values: np.full(values.shape, "x", object).astype("S1")))
    with pytest.raises(RunError, match=f"'{name}' holds <U1; expected"):
        check_result(read_here(wrong), WHERE)


@pytest.mark.parametrize(
    "name", [name for name, one in VARIABLES.items() if len(one.dims) > 1 and name not in OF_OTHER_STUDIES]
)
def test_a_variable_of_other_dimensions(name, sound, result):
    assert name in result
    message = refused(sound, put(name, np.zeros(2), ("seed",)))
    assert f"'{'diverged' if name == 'finished' else name}' has the dimensions (" in message


VALUES = {
    "a step that falls": ("step", lambda v: v[::-1].copy(), "'step' has values that do not rise"),
    "negative steps": ("step", lambda v: v - 5, "'step' has values from -5"),
    "steps that are no numbers": ("step", lambda v: v * np.nan, "'step' holds float64"),
    "levels that are NaN": ("l2", lambda v: v * np.nan, "the levels of 'l2' are no finite numbers"),
    "levels without an end": ("l2", lambda v: v / 0.0, "the levels of 'l2' are no finite numbers"),
    "levels alike": ("l2", lambda v: 0 * v + 1, "the levels of 'l2' are not all different"),
    "levels below 0 on a log scale": ("l2", lambda v: -v, "the levels of 'l2' are not all above 0"),
    "levels of other things": ("l2", lambda v: np.array(["a", "b"], "S1"), "have a scale other than"),
    "an accuracy above 1": ("train_accuracy", lambda v: v + 7, "'train_accuracy' has values from 7"),
    "a negative accuracy": ("test_accuracy", lambda v: v - 7, "expected 0 to 1"),
    "an infinite accuracy": ("validation_accuracy", lambda v: v + np.inf, "no finite numbers"),
    "a rate below 0": ("learning_rate", lambda v: v - 9, "'learning_rate' has values from"),
    "an infinite rate": ("learning_rate", lambda v: v + np.inf, "no finite numbers"),
    "an infinite epoch": ("epoch", lambda v: v + np.inf, "no finite numbers"),
    "losses beyond float32": ("train_loss", lambda v: np.full(v.shape, 1e300), "'train_loss' has values"),
    "quantiles that fall": ("quantile", lambda v: v[::-1].copy(), "'quantile' has values that do not rise"),
    "a quantile beyond 1": ("quantile", lambda v: v + 1, "'quantile' has values from 1"),
    "negative counts": ("confusion", lambda v: v - 999, "'confusion' has values from -999"),
    "a probability above 1": ("mistake_probability", lambda v: v + 7, "'mistake_probability' has values"),
    "images of NaN": ("mistake_image", lambda v: v + np.nan, "'mistake_image' has values"),
    "a share of variance above 1": ("explained_variance_ratio", lambda v: v + 3, "has values from 3"),
    "text of numbers": ("mistake_true", lambda v: np.zeros(len(v)), "'mistake_true' holds float64"),
    "layers of numbers": ("layer", lambda v: np.arange(len(v)), "'layer' holds int64; expected text"),
    "a step before the first": ("diverged_step", lambda v: v - 9, "'diverged_step' has values from -10"),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_that_no_run_writes(name, sound):
    variable, change, message = VALUES[name]
    with np.errstate(all="ignore"):
        assert message in refused(sound, changed(variable, change))


def _deeply(value: Any) -> Any:
    for _ in range(5000):
        value = [value]
    return value


ATTRIBUTES = {
    "a number for a text": (attribute("question", 7), "'question' is not what a run writes"),
    "an unknown status": (attribute("status", "perhaps"), "'status' is not what a run writes"),
    "seconds of NaN": (attribute("seconds_total", np.nan), "'seconds_total' is not what a run writes"),
    "endless seconds": (attribute("seconds_total", np.inf), "'seconds_total'"),
    "seconds in words": (attribute("seconds_compile", "long"), "'seconds_compile'"),
    "many seconds": (attribute("seconds_total", [1.0, 2.0]), "'seconds_total'"),
    "negative examples": (attribute("train_examples_recorded", -4), "'train_examples_recorded'"),
    "a seed in words": (attribute("mistake_seed", "one"), "'mistake_seed'"),
    "data that are no JSON": (attribute("data", "{"), "'data' is not what a run writes"),
    "data of no classes": (in_json("data", lambda d: d.update(classes=0)), "'data'"),
    "data of wordy classes": (in_json("data", lambda d: d.update(classes="ten")), "'data'"),
    "data of half an example": (in_json("data", lambda d: d["counts"].update(train=0.5)), "'data'"),
    "a share beyond 1": (in_json("data", lambda d: d["commonest_class"].update(train=7)), "'data'"),
    "a list for a table": (attribute("versions", "[1]"), "'versions'"),
    "a table for notes": (attribute("notes", "{}"), "'notes'"),
    "parameters in words": (attribute("parameters", '["many"]'), "'parameters'"),
    "a plan that is no JSON": (attribute("plan", "{"), "'plan'"),
    "a plan of deep lists": (attribute("plan", "[" * 5000 + "]" * 5000), "'plan'"),
    "notes of deep lists": (attribute("notes", "[" * 100_000), "'notes'"),
    "a check that is no list": (attribute("gradient_check", '{"ok": true}'), "'gradient_check'"),
    "a check without its networks": (attribute("gradient_check", "[7]"), "'gradient_check'"),
    "a check of half a network": (attribute("gradient_check", '[{"ok": true}]'), "'gradient_check'"),
    "a best cell that is a list": (attribute("best_cell", "[1, 2]"), "'best_cell'"),
    "features of no shape": (in_json("feature_cells", lambda f: f[0].pop("shape")), "'feature_cells'"),
    "features of a flat shape": (
        in_json("feature_cells", lambda f: f[0].update(shape=[3])),
        "'feature_cells'",
    ),
    "features of no units": (in_json("feature_cells", lambda f: f[0].update(units=[])), "'feature_cells'"),
    "features of no size": (
        in_json("feature_cells", lambda f: f[0].update(shape=[4, 0, 5, 1])),
        "'feature_cells'",
    ),
    "features larger than they are": (
        in_json("feature_cells", lambda f: f[0].update(shape=[4, 99, 5, 1])),
        "describes more than 'feature_trained' holds",
    ),
    "features of other cells": (in_json("feature_cells", lambda f: f[:1]), "describes 1 of"),
    "components of nothing": (in_json("pca_bases", lambda b: b[0].update(kept=[])), "'pca_bases'"),
    "components in words": (
        in_json("pca_bases", lambda b: b[0]["kept"][0].update(components="five")),
        "'pca_bases'",
    ),
    "bases of another number": (in_json("pca_bases", lambda b: b * 2), "describes 2 of 1 bases"),
    "an image without a scale": (
        lambda f: f["mistake_image"].attrs.__delitem__("low"),
        "'mistake_image' has no finite",
    ),
    "an image of an endless scale": (
        attribute("high", np.inf, "mistake_image"),
        "no finite 'low' and 'high'",
    ),
    "a factor of another scale": (attribute("scale", "sideways", "l2"), "have a scale other than"),
    "a factor whose scale is a number": (attribute("scale", 3, "l2"), "have a scale other than"),
    "a factor whose name is a number": (attribute("long_name", 3, "l2"), "have a name that is no text"),
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_that_no_run_writes(name, sound):
    edit, message = ATTRIBUTES[name]
    assert message in refused(sound, edit)


def test_a_message_names_the_first_few_mistakes_alone(sound):
    names = ["train_cost", "test_cost", "test_loss", "update_ratio", "weight_norm", "dead_fraction", "epoch"]
    assert "and 2 more" in refused(sound, *(put(name, np.zeros(2), ("seed",)) for name in names))


# An optional part that is missing is left out of the report.

OPTIONAL = sorted({*VARIABLES} - {*REQUIRED} - OF_OTHER_STUDIES)
OPTIONAL_ATTRIBUTES = sorted({*RESULT.attributes, *RESULT.json} - RESULT.required - {"gradient_check"})
FIGURES = {
    "feature_untrained": "features",
    "feature_trained": "features",
    "feature_cells": "features",
    "mistake_true": "mistakes",
    "mistake_predicted": "mistakes",
    "mistake_probability": "mistakes",
    "mistake_image": "mistakes",
    "confusion": "confusion",
    "predicted": "confusion",
    "class": "confusion",
    "explained_variance_ratio": "variance",
    "pca_bases": "variance",
    "learning_rate": "",
    "layer": "layers",
    "quantile": "layer-gradients",
    "gradient_quantile": "layer-gradients",
}


@pytest.fixture(scope="module")
def few(result) -> xr.Dataset:
    """Half of the result's cells, which are drawn sooner."""
    return result.isel({craft.FACTORS[1]: [0]})


@pytest.fixture(scope="module")
def whole(few) -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        leave_undrawn(patch)
        return {*report_of(few)}


@pytest.mark.parametrize("name", [*OPTIONAL, *OPTIONAL_ATTRIBUTES])
def test_a_report_is_drawn_without_a_part_that_is_missing(name, few, whole, undrawn):
    assert name in few.variables or name in few.attrs
    without_it = few.drop_vars(name, errors="ignore")
    without_it.attrs = {key: value for key, value in few.attrs.items() if key != name}
    drawn = report_of(check_result(without_it, WHERE))
    left_out = FIGURES.get(name, "")
    assert not left_out or (left_out in whole and left_out not in drawn)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_a_report_is_drawn_whatever_losses_and_weights_are(value, few):
    quantiles = [name for name in few.data_vars if name.endswith("_quantile") and name != "gradient_quantile"]
    names = ["train_loss", "validation_loss", "gradient_norm", "gradient_quantile"]
    names += ["feature_trained"] if not np.isinf(value) else []
    wild = few.drop_vars(quantiles).assign({name: xr.full_like(few[name], value) for name in names})
    assert report_of(check_result(wild, WHERE))


# As users meet it.


def _type_in(monkeypatch, capsys, *arguments: Any) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["shoal", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_external, "lie in another file"),
        (_declared(2**40), "bytes that it does not have"),
        (without("finished"), "'finished' is missing"),
        (attribute("plan", "[" * 5000), "'plan' is not what a run writes"),
        (attribute("study", "[data]"), "of another study than the study.toml beside it"),
    ],
)
def test_the_command_line_refuses_a_crafted_result_in_one_message(
    edit, message, sound, crafted_run, monkeypatch, capsys
):
    folder = crafted_run(edited(sound, edit))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, said = _type_in(monkeypatch, capsys, "report", folder)
    assert code == 2
    assert message in said
    assert "Traceback" not in said
    assert "->" in said
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_command_line_draws_a_result_that_lacks_optional_parts(sound, crafted_run, monkeypatch, capsys):
    gone = ("mistake_true", "feature_untrained", "pca_bases", "gradient_quantile", "dead_fraction")
    code, said = _type_in(monkeypatch, capsys, "report", crafted_run(edited(sound, without(*gone))))
    assert (code, said) == (0, "")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c[:-1], "its header describes"),
        (lambda c: c[:4], "too few for its header"),
        (lambda c: (2**60).to_bytes(8, "little") + c[8:], "too few for its header"),
        (lambda c: c.replace(b'"F32"', b'"Q32"'), "expected one of F64"),
        (lambda c: c.replace(b'"shape":[5,4]', b'"shape":[9,9]'), "expected 324"),
        (lambda c: c.replace(b'"data_offsets":[', b'"data_offsets":{', 1), "its header cannot be read"),
        (lambda c: c + b"more", "its header describes"),
        (lambda c: _with_header(b"[" * 10**6), "it has no header"),
        (lambda c: _with_header(b'{"a":' * 10**5), "its header cannot be read"),
        (lambda c: _with_header(b'{"a":NaN}'), "its header cannot be read"),
        (lambda c: _with_header(b'{"a":{},"a":{}}'), "its header cannot be read"),
        (lambda c: _with_header(b'{"__metadata__":{"a":1}}'), "no table of text"),
        (lambda c: _with_header(_entry("[1152921504606846976,64]", "[0,0]")), "which no array can have"),
        (lambda c: _with_header(_entry("[0,4611686018427387904]", "[0,0]")), "which no array can have"),
        (lambda c: _with_header(_entry("[1]", "[4,0]")), "has -4 bytes"),
        (lambda c: _with_header(_entry("[true]", "[0,4]")), "no list of up to"),
        (lambda c: _with_header(_entry("[1e0]", "[0,4]")), "no list of up to"),
        (lambda c: _with_header(_entry("[1]", "[8,12]"), bytes(12)), "does not begin where"),
        (lambda c: _with_header(b'{"a":{"dtype":"F32"}}'), "described by other words"),
        (lambda c: _with_header(_entry("[2]", "[0,2]", "BOOL"), b"\1\2"), "other bytes than those of true"),
        (lambda c: _with_header(b"{" + b" " * 10 + b'"\xff":1}'), "its header cannot be read"),
    ],
)
def test_crafted_weights_are_refused(damage, message, run_folder):
    content = damage((run_folder / "weights.safetensors").read_bytes())
    with pytest.raises(ArrayFileError) as error:
        read_arrays(io.BytesIO(content), "run/weights.safetensors")
    assert message in error.value.what
    assert error.value.what.startswith("run/weights.safetensors is damaged: ")


def _with_header(header: bytes, data: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + data


def _entry(shape: str, offsets: str, kind: str = "F32") -> bytes:
    return f'{{"a":{{"dtype":"{kind}","shape":{shape},"data_offsets":{offsets}}}}}'.encode()


def test_weights_are_those_that_the_library_reads(run_folder):
    from safetensors.numpy import load_file

    expected = load_file(run_folder / "weights.safetensors")
    found = shoal.open_run(run_folder).weights()
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, strict=True)
