"""What shape inference finds, as a graph keeps it.

An extent is a number, a symbol such as ``ImageTensor[1]`` for one that varies with the input, or
None where nothing is known; a shape is a tuple of extents, or None where even the rank is unknown.
"""

from dataclasses import dataclass, field

import numpy as np

Extent = int | str | None
Shape = tuple[Extent, ...] | None
# Shapes that are not inferred, by node: of a placeholder that is fed with a known size.
Given = frozenset[tuple[str, Shape]]


@dataclass(frozen=True)
class Inferred:
    """Shapes of every node's first output, and the values of those that shape arithmetic gives."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    values: dict[str, np.ndarray] = field(default_factory=dict)
