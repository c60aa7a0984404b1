"""The command that makes an artifact, written from its manifest."""

import shlex

from dlconv.artifacts.manifest import Manifest


def command_of(manifest: Manifest) -> str:
    """Return the command line for a terminal; photos to calibrate on have to be put in."""
    if manifest.recipe is None:
        return "dlconv upgrade DIR"
    looked_at = manifest.calibration
    has_photos = looked_at is not None and looked_at.images == "photos"
    return shlex.join(manifest.recipe.command(manifest.source.model, ["PHOTOS"] * has_photos))
