"""``dlconv inspect`` and its commands: ``diff``, ``view`` and ``tensorboard``."""

# ruff: noqa: F401
# isort: off
from dlconv.cli.inspect import one
from dlconv.cli.inspect import diff
from dlconv.cli.inspect import view
from dlconv.cli.inspect import tensorboard
