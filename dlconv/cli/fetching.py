"""``dlconv models`` and ``fetch``: what there is, and getting it."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options import Json, Lock, Mirror, Offline, RegistryFile, Verbose, load_registry
from dlconv.terminal.output import show, tell

if TYPE_CHECKING:
    from dlconv.cache.store import FetchedModel


@app.command(epilog="Example: dlconv models mobilenetv2_coco_voc_trainaug")
def models(
    model: Annotated[
        str | None, typer.Argument(help="Show all that is known of one.", show_default=False)
    ] = None,
    registry: RegistryFile = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List the models that can be fetched, with their published mIoU."""
    from dlconv.registry import listing

    known = load_registry(registry)
    chosen = [known.find(model)] if model else list(known.models.values())
    if json:
        show(listing.as_data(chosen))
    else:
        show(listing.details(chosen[0]) if model else listing.table(chosen))


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
    fetched = fetch_model(model, registry, mirror, offline, force, lock)
    if json:
        show({**dataclasses.asdict(fetched), "path": str(fetched.graph_path)})
    else:
        tell(f"{fetched.name}: {fetched.graph_path}")
        tell(f"frozen graph {fetched.graph.size:,} bytes, SHA-256 {fetched.graph.sha256}")


def fetch_model(
    name: str | None,
    registry: Path | None,
    mirror: str | None,
    offline: bool,
    force: bool,
    lock: Path | None,
) -> "FetchedModel":
    """Fetch a model, the default one where none is named, and show how far it is."""
    from dlconv.fetch import fetch as fetching
    from dlconv.registry.models import DEFAULT_MODEL
    from dlconv.terminal import console
    from dlconv.terminal.progress import show_progress

    model = load_registry(registry).find(name or DEFAULT_MODEL)
    with show_progress(model.name) as progress:
        return fetching.fetch(
            model,
            mirror=mirror,
            offline=offline,
            force=force,
            lock=lock,
            progress=progress,
            say=console.say,
        )
