"""``dlconv fetch``: getting a model."""

import dataclasses
from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Json, RegistryFile, Verbose
from dlconv.cli.options.fetching import Lock, Mirror, Offline
from dlconv.terminal.output import show, tell


@app.command(epilog="Example: dlconv fetch mobilenetv2_dm05_coco_voc_trainaug")
def fetch(
    model: Annotated[str | None, typer.Argument(help="A model's name.", show_default=False)] = None,
    mirror: Mirror = None,
    registry: RegistryFile = None,
    offline: Offline = False,
    force: Annotated[bool, typer.Option("--force", help="Download it again.")] = False,
    lock: Lock = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Download a model's tarball, check it, and keep its frozen graph."""
    from dlconv.cli.fetching import fetch_model

    fetched = fetch_model(
        model, registry=registry, mirror=mirror, offline=offline, force=force, lock=lock
    )
    if json:
        show({**dataclasses.asdict(fetched), "path": str(fetched.graph_path)})
    else:
        tell(f"{fetched.name}: {fetched.graph_path}")
        tell(f"frozen graph {fetched.graph.size:,} bytes, SHA-256 {fetched.graph.sha256}")
