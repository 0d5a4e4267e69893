"""The command line, `shoal run | check | doctor | lr-range | report | reproduce | data`. Rooms load late."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from shoal.cli import check, data, doctor, lr_range, report, reproduce, run
from shoal.cli.output import print_anything
from shoal.errors import ShoalError

app = typer.Typer(
    name="shoal",
    help="Train whole factorial studies of small neural networks as one compiled computation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("doctor")(doctor.doctor)
app.command("lr-range")(lr_range.lr_range)
app.command("report")(report.report)
app.command("reproduce")(reproduce.reproduce)
app.add_typer(data.app, name="data")


def _version(asked: bool) -> None:
    if asked:
        from shoal.version import __version__

        typer.echo(f"shoal {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del version  # its callback has done the work


def main() -> None:
    """Run the command line. A ShoalError becomes its message and its exit code, without a traceback."""
    print_anything()
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except ShoalError as error:
        print(f"shoal: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone: `shoal ... | head`
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        print("shoal: interrupted", file=sys.stderr)
        sys.exit(130)
