"""Run folders with damage anywhere in them, and what becomes of whoever looks at one.

A damage changes the bytes of one file: bits flipped, bytes replaced, a piece cut out, doubled or moved, the
end lost, a number made huge. In half of the cases the manifest vouches for the result, as a stranger's would.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path

import shoal
from crafted_pieces import EVERY, Listens, begun, examples, plain_study
from shoal.cli.run import add_report
from shoal.errors import ShoalError
from shoal.population.plan import plan_study
from shoal.runs.folder import RunFolder
from shoal.runs.resume import resume_or_start

STUDY = plain_study()


def templates(place: Path) -> dict[str, Path]:
    """A finished run and an unfinished one."""
    shoal.run(STUDY, place / "finished", dataset=examples(), **EVERY)
    return {"finished": place / "finished", "half": begun(STUDY, place / "half", 12)}


def files_of(folder: Path) -> list[str]:
    """Every file of a run folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The bytes with one damage."""
    own = bytearray(content)
    size = len(own)
    at, to = sorted(chance.randrange(size + 1) for _ in range(2))
    match chance.randrange(8):
        case 0:
            for _ in range(chance.choice((1, 1, 8, 64))):
                if own:
                    own[chance.randrange(size)] ^= 1 << chance.randrange(8)
        case 1:
            own[at : at + 8] = chance.randbytes(8)
        case 2:
            del own[at:]
        case 3:
            del own[at:to]
        case 4:
            own[at:at] = own[at : min(to, at + 4096)]
        case 5:
            own[at : at + 8] = chance.choice((b"\xff" * 8, bytes(8), b"\xff" * 7 + b"\x7f"))
        case 6:
            own[at:at] = chance.choice((b"[" * 5000, b"9" * 50, b"-", b"\0", b'"', b"NaN", b"\xff"))
        case _:
            digits = [i for i, byte in enumerate(own) if byte in b"0123456789"]
            if digits:
                own[chance.choice(digits)] = chance.choice(b"0123456789-e")
    return bytes(own)


def damage(folder: Path, name: str, chance: random.Random) -> str:
    """Damage one file of a folder; what was done, in words."""
    content = damaged((folder / name).read_bytes(), chance)
    (folder / name).write_bytes(content)
    vouched = chance.random() < 0.5 and name != "manifest.json"
    if vouched:
        manifest = json.loads((folder / "manifest.json").read_text())
        if name in manifest:
            manifest[name] = hashlib.sha256(content).hexdigest()
            (folder / "manifest.json").write_text(json.dumps(manifest))
    return f"{name}{', vouched for' if vouched else ''}"


class Looks:
    """Looks at run folders as `shoal report`, `--resume` and Python do, but trains nothing."""

    def __init__(self, report: bool = True) -> None:
        self._plan = plan_study(STUDY, dataset=examples(), memory=1.0)
        self._report = report

    def look(self, folder: Path, which: str) -> str:
        """What became of it: "sound", "mended" where it was said that something is trained anew, or the
        error's name. Anything but a ShoalError passes through."""
        said = Listens()
        try:
            if which == "half":
                with RunFolder(folder, STUDY.text, said.on_note) as kept:
                    resume_or_start(kept, self._plan, resume=True, force=False, every=0.0)
            else:
                run = shoal.open_run(folder)
                run.weights()
                if self._report:
                    add_report(folder, run.results, run.study_text, run.search)
        except ShoalError as error:
            if not error.remedy or "\x1b" in str(error):
                raise AssertionError(f"no fit message: {str(error)!r}") from None
            return type(error).__name__
        return "mended" if said.lines else "sound"


def fresh(template: Path, folder: Path) -> Path:
    """The folder as it was before it was damaged."""
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(template, folder))
