"""Damaged results by the thousand: bytes, cuts and edits of structure, drawn by a seed.

    python benchmarks/fuzz_results.py [--inputs 2000] [--seed 0] [--folder RUN]

Each input is a result's file, damaged; it is read as `shoal report` reads it, by a process of its own, held
against what a result must hold, and where it passes its report is worked out (figures are not drawn). Printed
are the counts by outcome, the slowest, and the most memory of a reader. An outcome that is neither a report
nor a refusal is printed with its seed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "hostile"))

import crafted_results as craft
from shoal.analysis.regression import is_regression
from shoal.errors import ShoalError
from shoal.report.facts import facts, gradient_check, notes
from shoal.report.health import sicknesses
from shoal.report.plain import regression_page
from shoal.report.summary import summarize
from shoal.report.words import answer
from shoal.results.result_schema import check_result
from shoal.runs.dataset_file import read_dataset

KINDS = ("bytes", "cut", "moved block", "structure", "values", "attributes")
STRANGE = (np.nan, np.inf, -np.inf, 0, -1, 1, 1e30, 1e300, 2**31, -(2**63))
TEXTS = ("", "{}", "[]", "[1]", "null", "NaN", "[" * 3000, "é\u202e", "x" * 10_000, '{"a": {"b": [1, "c"]}}')


def damaged(content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """A kind of damage, and the file after it."""
    kind = draw.choice(KINDS)
    if kind == "bytes":
        return kind, craft.flipped(content, draw.randrange(2**32), draw.choice([1, 1, 4, 16, 64, 400]))
    if kind == "cut":
        return kind, content[: draw.randrange(len(content))]
    if kind == "moved block":
        data, size = bytearray(content), draw.choice([8, 32, 128, 600, 4000])
        there, here = draw.randrange(len(data)), draw.randrange(len(data))
        data[there : there + size] = data[here : here + size]
        return kind, bytes(data)
    edit = {"structure": _structure, "values": _values, "attributes": _attributes}[kind]
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file, suppress(OSError, ValueError, TypeError, KeyError, RuntimeError):
        for _ in range(draw.choice([1, 1, 1, 3])):  # an edit that h5py itself refuses is none
            edit(file, draw)
    return kind, held.getvalue()


def _structure(file: h5py.File, draw: random.Random) -> None:
    name, other = draw.choice(list(file)), draw.choice(list(file))
    match draw.randrange(9):
        case 0:
            del file[name]
        case 1:
            file.move(name, f"{name} elsewhere")
        case 2:
            del file[name]
            file[name] = file[other]
        case 3:
            del file[name]
            file[name] = h5py.SoftLink(f"/{other}")
        case 4:
            del file[name]
            file[name] = h5py.ExternalLink("/etc/hosts", "/")
        case 5:
            craft.put(name, np.zeros(draw.choice([(0,), (1,), (2, 2), (3,) * 7])), (other,))(file)
        case 6:
            shape, kind = file[name].shape, draw.choice(["i1", "f2", "f8", "u8", "S4", "c8", "V3", "?"])
            craft.put(name, np.zeros(shape, kind))(file)
        case 7:
            how = {"chunks": True, "compression": draw.choice(["gzip", "lzf"])}
            craft.put(name, file[name][()], **how)(file)
        case _:
            dims = list(craft.dims_of(file, name))
            draw.shuffle(dims)
            craft.put(name, file[name][()], tuple(dims))(file)


def _values(file: h5py.File, draw: random.Random) -> None:
    name = draw.choice([name for name in file if file[name].dtype.kind in "iuf"])
    values = file[name][()]
    if draw.random() < 0.5 or not values.size:
        values = np.full_like(values, _within(draw.choice(STRANGE), values.dtype))
    else:
        flat = values.ravel()
        for _ in range(draw.choice([1, 3, flat.size])):
            flat[draw.randrange(flat.size)] = _within(draw.choice(STRANGE), values.dtype)
    file[name][...] = values


def _within(value: float, kind: np.dtype) -> float:
    if kind.kind == "f":
        return float(np.clip(value, np.finfo(kind).min, np.finfo(kind).max)) if np.isfinite(value) else value
    return 0 if not np.isfinite(value) else int(np.clip(value, np.iinfo(kind).min, np.iinfo(kind).max // 2))


def _attributes(file: h5py.File, draw: random.Random) -> None:
    place = draw.choice([file, file[draw.choice(list(file))]])
    names = [name for name in place.attrs if name not in ("DIMENSION_LIST", "REFERENCE_LIST")]
    name = draw.choice(names)
    match draw.randrange(4):
        case 0:
            del place.attrs[name]
        case 1:
            place.attrs[name] = draw.choice(STRANGE)
        case 2:
            place.attrs[name] = draw.choice(TEXTS)
        case _:
            text = place.attrs[name]
            if isinstance(text, str) and text:
                at = draw.randrange(len(text))
                place.attrs[name] = (
                    text[:at] + draw.choice(["", "0", "[", '"', "-", "9" * 40]) + text[at + 1 :]
                )


def outcome(content: bytes) -> str:
    """What became of a file: a report, or the kind of the refusal. Anything else is raised."""
    path = Path("results.nc")
    try:
        result = check_result(read_dataset(content, path), path)
    except ShoalError as error:
        if "does not hold what a run writes" in error.what:
            return "refused: not what a run writes"
        if "takes longer" in error.what:
            return "refused: takes too long (a loop in libhdf5)"
        if "cannot be read" in error.what:
            crash = "crash" in error.what
            return "refused: libhdf5 crashed" if crash else "refused: libhdf5 cannot read it"
        return "refused: not plain arrays"
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if is_regression(result):
            regression_page(result)
        else:
            summary = summarize(result)
            for said in (answer, sicknesses, gradient_check, notes, facts):
                said(summary)
    return "a report"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--inputs", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--folder", type=Path)
    options.add_argument("--minutes", type=float, default=1e9)
    chosen = options.parse_args()
    folder = chosen.folder or craft.train(Path(tempfile.mkdtemp()) / "run")
    content = (folder / "results.nc").read_bytes()
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    slowest, began = (0.0, -1), time.monotonic()
    for seed in range(chosen.seed, chosen.seed + chosen.inputs):
        if time.monotonic() - began > 60 * chosen.minutes:
            break
        kind, data = damaged(content, random.Random(seed))
        kinds[kind] += 1
        since = time.monotonic()
        try:
            found = outcome(data)
        except BaseException as error:  # whatever comes is what this looks for
            if isinstance(error, KeyboardInterrupt):
                raise
            found = f"TRACEBACK: {type(error).__name__}"
            print(f"seed {seed}, {kind}:\n{''.join(traceback.format_exception(error)[-2:])}", flush=True)
        counts[found] += 1
        slowest = max(slowest, (time.monotonic() - since, seed))
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    print(f"{sum(counts.values()):,} inputs from {len(content):,} bytes: {dict(sorted(kinds.items()))}")
    for name, count in counts.most_common():
        print(f"{count:7,}  {name}")
    print(f"slowest {slowest[0]:.1f} s (seed {slowest[1]}), most memory of a reader {memory:.0f} MiB")
    sys.exit(any(name.startswith("TRACEBACK") for name in counts))


if __name__ == "__main__":
    main()
