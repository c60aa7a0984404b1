"""Which floors an artifact has to reach.

Each precision has its own, the caller may give others, and the recipe of an artifact of precision
auto has those it was made for.
"""

import dataclasses
from dataclasses import dataclass

from dlconv.artifacts.manifest import Artifact
from dlconv.floors import Floors
from dlconv.recipe import Precision

EIGHT_BIT_FLOORS = Floors(agreement=0.99, worst=0.95, miou=0.85)
DEFAULT_FLOORS = {
    Precision.FLOAT32: Floors(agreement=0.999, worst=None, miou=None),
    Precision.FLOAT16: Floors(agreement=0.995, worst=None, miou=None),
    Precision.UINT16: Floors(agreement=0.995, worst=None, miou=None),
    Precision.UINT8: EIGHT_BIT_FLOORS,
    Precision.INT8: EIGHT_BIT_FLOORS,
    Precision.STATIC: EIGHT_BIT_FLOORS,
    Precision.PLAIN1: EIGHT_BIT_FLOORS,
}
OTHER_RESOLUTION_FLOORS = Floors(agreement=0.9, worst=None, miou=None)


@dataclass(frozen=True)
class GivenFloors:
    """The floors that the caller gives; None keeps the artifact's default."""

    agreement: float | None = None
    worst: float | None = None
    miou: float | None = None

    def over(self, defaults: Floors) -> Floors:
        """Return ``defaults`` with each given floor in place of its own."""
        given = {name: floor for name, floor in vars(self).items() if floor is not None}
        return dataclasses.replace(defaults, **given)


NO_FLOORS_GIVEN = GivenFloors()


def floors_for(artifact: Artifact, given: GivenFloors = NO_FLOORS_GIVEN) -> Floors:
    """Return the floors of an artifact: those given, over the defaults for what it is."""
    return given.over(_default_floors(artifact))


def _default_floors(artifact: Artifact) -> Floors:
    manifest = artifact.manifest
    if not manifest.same_function:
        return OTHER_RESOLUTION_FLOORS
    recipe = manifest.recipe
    if recipe is not None and recipe.floors is not None:
        return recipe.floors
    return DEFAULT_FLOORS[manifest.precision]
