"""shoal doctor: which layer, which parameter and which mistake, in someone's own code."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoal.cli.output import plain
from shoal.text import printable_lines

if TYPE_CHECKING:
    from rich.console import Console

    from shoal.doctor.submissions.examine import Examination


COLUMNS = 100  # of the page where there is no terminal to ask
MOST_PRINTED = 20  # different lines of what the code printed


def doctor(
    submission: Annotated[
        Path,
        typer.Argument(metavar="SUBMISSION.py", help="The file to judge. Its code is run."),
    ],
    network: Annotated[
        Path, typer.Option(metavar="NET.toml", help="The network, and how the code lays its parameters out.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the record for machines.")] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2**31 - 1,
            help="Of the point of the judgement.",
            show_default="the file's",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.01, help="Give up on a call of the code that takes longer."),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", metavar="FOLDER", help="Look for the data here first.")
    ] = None,
) -> None:
    """Say which layer, which parameter and which mistake makes the gradients of some NumPy code wrong.

    The file has loss(parameters, x, y) and gradients(parameters, x, y). Exit 0 if the gradients are right,
    1 if they are wrong, 2 if they cannot be judged.
    """
    import json as json_text

    from shoal.doctor.submissions.examine import examine
    from shoal.doctor.submissions.network_file import load_network_file

    settings = load_network_file(network, seed)
    found = examine(
        settings, submission, data_dir=data_dir, folder=network.parent, timeout=timeout, tell=_tell
    )
    if json:
        typer.echo(json_text.dumps(record(found, submission, network), indent=2, allow_nan=False))
        sys.stderr.write(printable_lines(found.printed))
    else:
        print_page(found, _console())
    if not found.ok:
        raise typer.Exit(1)


def record(found: Examination, submission: Path, network: Path) -> dict[str, Any]:
    """The whole examination for machines."""
    explanation = found.explanation
    convention = explanation.convention
    return {
        "submission": str(submission),
        "network": str(network),
        "ok": found.ok,
        "loss": {
            "came": explanation.came,
            "expected": explanation.expected,
            "explained": convention is not None,
            "conventions": [] if convention is None else list(convention.said),
            "largest_relative_difference": explanation.apart,
        },
        "diagnosis": None if found.diagnosis is None else found.diagnosis.to_json(),
        "check": None if found.check is None else found.check.to_json(),
        "notes": list(found.notes),
        "calls": found.calls,
        "seconds": round(found.seconds, 3),
    }


def print_page(found: Examination, console: Console) -> None:
    """The loss first, then the verdict on the gradients, then what else was seen."""
    console.print(f"{about_loss(found)}\n", highlight=False, markup=False)
    console.print(found.check or found.diagnosis)
    for note in found.notes:
        console.print(plain(f"\nNote: {note}"))
    lines = Counter(found.printed.splitlines())
    if lines:
        console.print("\nYour code printed:", highlight=False)
    for line, times in list(lines.items())[:MOST_PRINTED]:
        many = f"   ({times} times)" if times > 1 else ""
        console.print(plain(f"  {line}{many}"))
    if len(lines) > MOST_PRINTED:
        console.print(f"  ... and {len(lines) - MOST_PRINTED} other lines", highlight=False)


def about_loss(found: Examination) -> str:
    """How the loss compares with the network's cost, and what follows for the gradients."""
    explanation = found.explanation
    convention = explanation.convention
    if convention is None:
        return (
            f"LOSS DIFFERENT: your loss is {explanation.came:.6g} where the network's cost is "
            f"{explanation.expected:.6g} (up to {_share(explanation.apart)} apart); no other L2 factor, sum "
            "for mean or batch norm explains it. Does [network] describe your code? Your gradients are held "
            "against differences of your own loss instead, which cannot see layers."
        )
    apart = f"to {explanation.apart:.0e}" if explanation.apart else "to the last bit"
    if not convention.said:
        return f"Your loss equals the network's cost ({apart})."
    said = "; it ".join(convention.said)
    judged = (
        "Your gradients are held against differences of your own loss, which cannot see layers."
        if found.check is not None
        else "Your gradients are judged as those of your own loss."
    )
    return f"Your loss {said}. But for that it equals the network's cost ({apart}). {judged}"


def _share(apart: float) -> str:
    return f"{apart:.1%}" if apart >= 1e-3 else f"a share of {apart:.0e}"


def _tell(line: str) -> None:
    print(f"shoal: {printable_lines(line)}", file=sys.stderr, flush=True)


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=COLUMNS)
