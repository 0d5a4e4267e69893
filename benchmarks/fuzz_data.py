"""Damaged data files by the thousand: counts by format and outcome, the slowest, the most memory.

    python benchmarks/fuzz_data.py --inputs 1000 --seed 1

An outcome is `read`, `refused` (a DataError), or the class of an error that a user should never see.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from shoal.data.files import load_own
from shoal.errors import DataError

# Of most damage UTF-8, a checksum or zlib's own tells. The second of each pair has none of these in the way:
# characters of tables only, arrays damaged before they are packed, variables and pixels not packed.
FORMATS = ("csv", "csv text", "npz", "npz arrays", "mat", "mat unpacked", "png", "bmp")
_TABLE = np.frombuffer(b'0123456789,.-e"\n ;catdog', np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000, help="damaged files of each format")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{options.inputs:,} inputs a format, seed {options.seed}")
    for kind in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            counts, slowest = _fuzz(kind, Path(folder), options.inputs, options.seed)
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{kind}: {told}; slowest {slowest:.2f} s; process peak so far {peak:,.0f} MiB")


def _fuzz(kind: str, folder: Path, inputs: int, seed: int) -> tuple[Counter[str], float]:
    named, damaged = _sound(kind, folder)
    inside = kind == "npz arrays"
    sound, random = _member(damaged, "x.npy") if inside else damaged.read_bytes(), np.random.default_rng(seed)
    counts, slowest = Counter[str](), 0.0
    for _ in range(inputs):
        content = bytearray(sound)
        for place in random.integers(len(sound), size=random.integers(1, 9)):
            content[place] = random.choice(_TABLE) if kind == "csv text" else random.integers(256)
        content = content[: random.integers(len(sound))] if random.random() < 0.2 else content
        damaged.write_bytes(_packed(bytes(content)) if inside else content)
        began = time.perf_counter()
        counts[_outcome(named)] += 1
        slowest = max(slowest, time.perf_counter() - began)
    return counts, slowest


def _member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def _packed(x: bytes) -> bytes:
    """An .npz file whose checksums are right, whatever x is."""
    whole, y = io.BytesIO(), io.BytesIO()
    np.save(y, np.arange(40) % 2)
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("x.npy", x)
        archive.writestr("y.npy", y.getvalue())
    return whole.getvalue()


def _outcome(path: Path) -> str:
    try:
        load_own(str(path), "kind" if path.suffix == ".csv" else None)
    except DataError:
        return "refused"
    except Exception as error:  # what this looks for
        return type(error).__name__
    return "read"


def _sound(kind: str, folder: Path) -> tuple[Path, Path]:
    """What is named to the reader, and the file in it that is damaged."""
    x, y = np.arange(80, dtype=np.float32).reshape(40, 2), np.arange(40) % 2
    suffix = kind.split()[0]
    path = folder / f"data.{suffix}"
    if suffix == "csv":
        path.write_text("a,b,kind\n" + "".join(f"{i},{i % 7},{('cat', 'dog')[i % 2]}\n" for i in range(40)))
    elif suffix == "npz":
        np.savez_compressed(path, x=x, y=y)
    elif suffix == "mat":
        savemat(path, {"X": x, "y": y}, do_compression=kind == "mat")
    else:
        for name in ("cat", "dog"):
            (folder / name).mkdir()
            Image.new("L", (8, 8), 7).save(folder / name / f"1.{suffix}")
        return folder, folder / "cat" / f"1.{suffix}"
    return path, path


if __name__ == "__main__":
    main()
