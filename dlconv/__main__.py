"""``python -m dlconv``."""

from dlconv.cli import app

app(prog_name="dlconv")
