"""What the benches that are programs have in common: some options, and how they end.

A program has rounds, prints tables for people or with ``--json`` data for scripts, and says in a
line why it cannot measure.
"""

import argparse
from collections.abc import Callable, Sequence

from dlconv.errors import DlconvError
from dlconv.terminal.console import say


def parser_of(module: str, description: str, rounds: int) -> argparse.ArgumentParser:
    """Return a parser with the options that all have; ``rounds`` is the default number of them."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--rounds", type=positive, default=rounds)
    parser.add_argument("--json", action="store_true")
    return parser


def exit_code_of(
    run: Callable[[argparse.Namespace], None],
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
) -> int:
    """Run a program, say what DlconvError it raises, and return the exit code."""
    options = parser.parse_args(arguments)
    try:
        run(options)
    except DlconvError as error:
        say(f"error: {error}")
        return error.exit_code
    return 0


def positive(text: str) -> int:
    """Read a number of at least 1. Raises ValueError for anything else."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number
