"""The command line: each command parses, calls the library and prints.

A module has the commands of one part of the work. Heavy modules are imported by the command that
needs them, so that ``--help`` is quick; it lists commands in the order of the imports below.
"""

# ruff: noqa: F401
# isort: off
from dlconv.cli.app import app
from dlconv.cli import fetching
from dlconv.cli import graphs
from dlconv.cli import converting
from dlconv.cli import checking
from dlconv.cli import building
from dlconv.cli import releasing
from dlconv.cli import publishing
from dlconv.cli import card
from dlconv.cli import page
from dlconv.cli import doctor
from dlconv.cli import schemas

__all__ = ["app"]
