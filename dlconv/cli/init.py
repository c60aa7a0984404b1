"""``dlconv init``: writing a ``dlconv.toml`` to start from."""

from pathlib import Path

from dlconv.cli.app import app
from dlconv.cli.options.common import Json, Verbose
from dlconv.terminal.output import show, tell


@app.command(epilog="Example: dlconv init && dlconv build")
def init(json: Json = False, verbose: Verbose = False) -> None:
    """Write a commented dlconv.toml, which says what dlconv build makes, into this folder."""
    from dlconv import api

    path = api.init(Path.cwd())
    if json:
        show({"path": str(path)})
    else:
        tell(f"{path}: change it as you like, then run dlconv build")
