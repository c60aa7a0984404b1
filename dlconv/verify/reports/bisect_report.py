"""What bisect found, as a table, a sentence and JSON."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from dlconv.artifacts.manifest import Artifact
from dlconv.terminal.tables import Table, as_text
from dlconv.verify.bisect import NodeError
from dlconv.verify.photos import Photo

FLOAT32_LIMIT, LIMIT = 1e-3, 0.15
MOST_ROWS = 25


def limit_for(artifact: Artifact, given: float | None) -> float:
    """Return the error above which a node counts as wrong."""
    if given is not None:
        return given
    return FLOAT32_LIMIT if artifact.manifest.precision == "float32" else LIMIT


def table(errors: Sequence[NodeError], first: NodeError | None) -> Table:
    """Return a table of the nodes that add most, in order, with the first wrong one marked."""
    most = sorted(errors, key=lambda each: -each.added)[:MOST_ROWS]
    listed = [each for each in errors if each in most or each is first]
    result = Table(pad_edge=False)
    result.add_column("node", overflow="fold")
    result.add_column("op")
    for column in ("error", "inherited", "added"):
        result.add_column(column, justify="right")
    result.add_column("")
    for each in listed:
        numbers = (f"{value:.2e}" for value in (each.error, each.inherited, each.added))
        mark = as_text("first", "red") if each is first else ""
        result.add_row(each.name, each.op, *numbers, mark)
    return result


def verdict(errors: Sequence[NodeError], first: NodeError | None) -> str:
    """Return what was found in a sentence or two."""
    greatest = max(errors, key=lambda each: each.added)
    adds = f"{greatest.name} adds most: {greatest.added:.2e}"
    if first is None:
        return f"{len(errors)} nodes compared, none is beyond the limit. {adds}"
    return f"the first node that is wrong is {first.name} (error {first.error:.2e}). {adds}"


def as_data(
    artifact: Artifact, photo: Photo, errors: Sequence[NodeError], first: NodeError | None
) -> dict[str, Any]:
    """Return all of it as plain data; ``first`` is null where no node is beyond the limit, and so
    is an error that is not finite.
    """
    return {
        "schema": 1,
        "artifact": str(artifact.entry),
        "photo": photo.path.name,
        "first": None if first is None else first.name,
        "nodes": [
            {
                name: _finite(value)
                for name, value in {**dataclasses.asdict(each), "added": each.added}.items()
            }
            for each in errors
        ],
    }


def _finite(value: Any) -> Any:
    """Return None for an error that is not finite, which JSON cannot express."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
