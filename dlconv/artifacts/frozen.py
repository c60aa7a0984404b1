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
    """Make a model's name of that of a file or folder, which may hold what is no text.

    It is a name of a folder again, where artifacts go, and stands in manifests and reports.
    """
    return printable(stem).replace("\\", "-").lstrip(".") or "graph"
