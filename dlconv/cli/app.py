"""The application, and how each command ends.

Errors become one line and an exit code in one place, ``_Commands``: 1 for what went wrong, 2 for
wrong usage.
"""

import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import dlconv
from dlconv import console
from dlconv.errors import DlconvError


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        # A terminal that has no Unicode gets what it lacks as escapes.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except DlconvError as error:
            console.say(f"error: {error}")
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            console.say("error: interrupted (hint: nothing is half-written; run it again)")
            raise typer.Exit(1) from None
        except BrokenPipeError:
            sys.stderr.close()
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="DeepLab frozen graphs to TensorFlow.js and ONNX: small, fast, and checked against the "
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
    """DeepLab frozen graphs to TensorFlow.js and ONNX."""
