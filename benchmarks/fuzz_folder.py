"""The long form of tests/hostile/test_fuzz_run_folder.py: thousands of damaged run folders, and the counts.

python benchmarks/fuzz_folder.py --count 5000 --seed 1
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "hostile"))

from damaged_folders import Looks, damage, files_of, fresh, templates


def main() -> None:
    """Damage, look, count; whatever is no ShoalError is listed and makes the exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    asked = parser.parse_args()
    ends = time.monotonic() + asked.seconds
    chance, wrong, slowest = random.Random(asked.seed), Counter(), 0.0
    found: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as place:
        sound, looks = templates(Path(place)), Looks()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        every = [(which, name) for which, folder in sound.items() for name in files_of(folder)]
        for number in range(asked.count):
            if time.monotonic() > ends:
                break
            which, name = every[number % len(every)]
            folder = fresh(sound[which], Path(place) / "run")
            done = damage(folder, name, chance)
            began = time.monotonic()
            try:
                became = looks.look(folder, which)
            except Exception as error:  # what this looks for
                became = "traceback"
                wrong[f"{which} {done}: {type(error).__name__}: {str(error)[:80]}"] += 1
            slowest = max(slowest, time.monotonic() - began)
            found.setdefault(f"{which}/{name}", Counter())[became] += 1
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    kinds = sorted({kind for own in found.values() for kind in own})
    total = sum(found.values(), Counter())
    print(f"{total.total():,} damaged folders, seed {asked.seed}")
    print(f"the slowest took {slowest:.2f} s; {grown:.0f} MiB more memory")
    print(f"{'file':44}" + "".join(f"{kind:>16}" for kind in kinds))
    for name, own in found.items():
        print(f"{name[:43]:44}" + "".join(f"{own[kind]:16,}" for kind in kinds))
    print(f"{'all':44}" + "".join(f"{total[kind]:16,}" for kind in kinds))
    for line, times in wrong.most_common(20):
        print(f"{times:6,} {line}")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
