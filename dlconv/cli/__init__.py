"""The command line: each command parses, calls the library and prints.

A module has the commands of one part of the work. Heavy modules are imported by the command that
needs them, so that ``--help`` is quick; it lists commands in the order of the imports below.
"""

# isort: off
from dlconv.cli.app import app
from dlconv.cli import (
    fetching,
    graphs,
    converting,
    checking,
    page,
    releasing,
    publishing,
    card,
    doctor,
    schemas,
)

__all__ = [
    "app",
    "card",
    "checking",
    "converting",
    "doctor",
    "fetching",
    "graphs",
    "page",
    "publishing",
    "releasing",
    "schemas",
]
