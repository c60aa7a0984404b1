"""A frozen graph on disk: what is converted, and what artifacts are compared with."""

from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.manifest import Source
from dlconv.terminal.printable import printable


@dataclass(frozen=True)
class FrozenGraph:
    """Where the graph is, where it came from, and the names of its classes."""

    path: Path
    source: Source
    classes: tuple[str, ...] = ()


def model_name(stem: str) -> str:
    """Return the name of a model from that of a file or folder, which may not be valid text.

    It can be the name of the folder for artifacts, and stand in manifests and reports.
    """
    return printable(stem).replace("\\", "-").lstrip(".") or "graph"
