"""Whether this machine has what dlconv needs, and the schemas of its files."""

from collections.abc import Callable
from typing import Any

from dlconv.artifacts import manifest
from dlconv.doctor.check import Check
from dlconv.doctor.examine import examine
from dlconv.errors import UsageError
from dlconv.inspect import document as inspected
from dlconv.progress import StepProgress, no_progress
from dlconv.release import document as released
from dlconv.verify import document as verified

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "manifest": manifest.json_schema,
    "verify": verified.json_schema,
    "inspect": inspected.json_schema,
    "diff": inspected.comparison_schema,
    "release": released.json_schema,
}


def doctor(progress: StepProgress = no_progress) -> list[Check]:
    """Try all that dlconv uses, and return a check for each; ``progress`` is called after each.

    >>> all(check.name for check in api.doctor())
    True
    """
    return examine(progress)


def schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a manifest, a release, or what verify, inspect or diff reports.

    Raises UsageError for an unknown ``kind``.

    >>> api.schema("manifest")["title"]
    'Manifest'
    """
    if kind not in SCHEMAS:
        raise UsageError(f"there is no schema {kind!r}; there are {', '.join(SCHEMAS)}")
    return SCHEMAS[kind]()
