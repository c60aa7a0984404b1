"""The command line: each command parses, calls ``dlconv.api`` and prints.

Each module holds one command; what several share is in modules of its own. Heavy modules are
imported by the command that needs them, so that ``--help`` is quick. Help lists commands in the
order of the imports below.
"""

# ruff: noqa: F401
# isort: off
from dlconv.cli.app import app
from dlconv.cli import models
from dlconv.cli import fetch
from dlconv.cli import inspect
from dlconv.cli import rewrite
from dlconv.cli import tfjs
from dlconv.cli import onnx
from dlconv.cli import litert
from dlconv.cli import upgrade
from dlconv.cli import verify
from dlconv.cli import bisect
from dlconv.cli import bench
from dlconv.cli import run
from dlconv.cli import init
from dlconv.cli import build
from dlconv.cli import pack
from dlconv.cli import sign
from dlconv.cli import check
from dlconv.cli import publish
from dlconv.cli import card
from dlconv.cli import demo
from dlconv.cli import doctor
from dlconv.cli import schema

__all__ = ["app"]
