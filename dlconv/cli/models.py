"""``dlconv models``: which models there are."""

from typing import Annotated

import typer

from dlconv.cli.app import app
from dlconv.cli.options.common import Json, RegistryFile, Verbose
from dlconv.terminal.output import show


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
    from dlconv import api
    from dlconv.registry import listing

    chosen = api.models(model, registry=registry)
    if json:
        show(listing.as_data(chosen))
    else:
        show(listing.details(chosen[0]) if model else listing.table(chosen))
