"""Which floors an artifact has to reach.

Each precision has its own, a person may give others, and an artifact of precision auto carries
those it was made for.
"""

import dataclasses
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from dlconv.artifacts.manifest import Artifact
from dlconv.errors import DlconvError
from dlconv.floors import Floors

# What a manifest may give as floors.
SHARES = TypeAdapter(dict[str, Annotated[float, Field(ge=0, le=1)] | None])


# Precision auto has none here: its artifacts carry the floors they were made for.
DEFAULT_FLOORS = {
    "float32": Floors(agreement=0.999, worst=None, miou=None),
    "float16": Floors(agreement=0.995, worst=None, miou=None),
    "uint16": Floors(agreement=0.995, worst=None, miou=None),
    "uint8": Floors(agreement=0.99, worst=0.95, miou=0.85),
}
OTHER_RESOLUTION_FLOORS = Floors(agreement=0.9, worst=None, miou=None)


@dataclass(frozen=True)
class GivenFloors:
    """The floors that a person asks for; None where the artifact's own default stays."""

    agreement: float | None = None
    worst: float | None = None
    miou: float | None = None

    def over(self, defaults: Floors) -> Floors:
        """Return ``defaults`` with each given floor in place of its own."""
        given = {name: floor for name, floor in vars(self).items() if floor is not None}
        return dataclasses.replace(defaults, **given)


NO_FLOORS_GIVEN = GivenFloors()


def floors_for(artifact: Artifact, given: GivenFloors = NO_FLOORS_GIVEN) -> Floors:
    """Return the floors of an artifact: those given, over the defaults for what it is.

    Raises DlconvError for precision auto in whose manifest no floors are.
    """
    return given.over(_default_floors(artifact))


def _default_floors(artifact: Artifact) -> Floors:
    manifest = artifact.manifest
    if not manifest.same_function:
        return OTHER_RESOLUTION_FLOORS
    if manifest.precision == "auto":
        return _floors_made_for(artifact)
    return DEFAULT_FLOORS[manifest.precision]


def _floors_made_for(artifact: Artifact) -> Floors:
    try:
        stored = SHARES.validate_python(artifact.manifest.options.get("floors"))
        return TypeAdapter(Floors).validate_python(stored)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("options", "floors", *first["loc"])))
        raise DlconvError(
            f"{artifact.manifest_path} is of precision auto and does not say for which floors: "
            f"{where}: {first['msg']}",
            "convert the model again",
        ) from error
