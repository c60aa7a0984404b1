"""The application, and how each command ends.

Errors become one line and an exit code in one place, ``_Commands``: 1 for what went wrong, 2 for
wrong usage. Output that cannot be written is an error, too, except when its reader has closed the
pipe.
"""

import contextlib
import errno
import os
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import dlconv
from dlconv.addresses import without_secrets
from dlconv.cli.words import in_words
from dlconv.errors import DlconvError
from dlconv.logs import hide_logs
from dlconv.terminal import console
from dlconv.terminal.printable import brief

# What typer raises for wrong usage. It quotes the command line, which may hold addresses.
_WRONG_USAGE: Any = typer.BadParameter.__base__
# Reasons why output cannot be written; errors with a file name are about other files.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


# What people start with; typer lists the commands that have commands of their own last.
_FIRST = ("models", "fetch", "inspect")


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        places = {name: place for place, name in enumerate(_FIRST)}
        return sorted(super().list_commands(ctx), key=lambda name: places.get(name, len(places)))

    def main(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            if error.filename is not None or error.errno not in _UNWRITABLE:
                raise
            with contextlib.suppress(OSError):
                reason = f"{error.strerror} (hint: make room for it)"
                console.say(f"error: the output cannot be written: {reason}")
            _forget_output()
            sys.exit(1)

    def invoke(self, ctx: Any) -> Any:
        # A terminal without Unicode gets other characters as escapes.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except _WRONG_USAGE as error:
            error.message = without_secrets(error.message)
            raise
        except DlconvError as error:
            console.say(f"error: {in_words(error)}")
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            console.say("error: interrupted (hint: nothing is half-written; run it again)")
            raise typer.Exit(1) from None
        except BrokenPipeError:
            _forget_output()
            raise typer.Exit(1) from None
        except OSError as error:
            if error.filename is None:
                raise
            # A name that the system does not accept, or a file that it does not open.
            console.say(f"error: {brief(os.fsdecode(error.filename))}: {error.strerror}")
            raise typer.Exit(1) from error


def _forget_output() -> None:
    """Discard what the streams still hold, so that Python does not report it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        # Streams of tests are not files, and a closed stream is None.
        with contextlib.suppress(OSError, AttributeError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Frozen graphs to TensorFlow.js, ONNX and LiteRT: small, fast, and checked against the "
    "original.",
    epilog="Start with: dlconv fetch && dlconv tfjs && dlconv onnx && dlconv verify --images DIR",
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dlconv {dlconv.__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    """Frozen graphs to TensorFlow.js, ONNX and LiteRT."""
    hide_logs()
