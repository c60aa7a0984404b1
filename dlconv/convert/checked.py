"""What is found when an artifact is run once before it gets its place, and who may find it.

Making artifacts knows no runtime: what runs one is given to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Artifact


@dataclass(frozen=True)
class Checked:
    """A run of an artifact on a generated input, beside the frozen graph's.

    ``input`` and ``output`` are shapes. ``equal`` is the share of equal values of integers,
    ``error`` the largest difference of floats as a share of the largest value; the other is None.
    """

    runtime: str
    backend: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    equal: float | None = None
    error: float | None = None

    @property
    def line(self) -> str:
        """What was done, for people."""
        return f"{self.where}: {self.found}"

    @property
    def where(self) -> str:
        """The runtime and the input, for people."""
        shape = " x ".join(map(str, self.input))
        return f"{self.runtime} {self.backend} on a generated input of {shape}"

    @property
    def found(self) -> str:
        """How near the artifact came to the frozen graph, for people."""
        if self.equal is None:
            return f"values differ by {self.error:.1g} of the largest at most"
        return "all values equal" if self.equal == 1 else f"{self.equal:.2%} of values equal"


# Runs an artifact beside the graph it was made of, before it is at its place. Raises DlconvError
# for one that does not compute the graph; it is then not put there.
Check = Callable[[Artifact, FrozenGraph, Path], Checked]
