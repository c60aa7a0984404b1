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
# A node and one of its outputs but the first.
LaterOutput = tuple[str, int]


@dataclass(frozen=True)
class Inferred:
    """Shapes of every node's first output, and the values of those that shape arithmetic gives.

    The same of the outputs behind the first. Nodes of which nothing runs, since they wait for the
    side that a Switch does not take, are ``dead``; so is that output of the Switch.
    """

    shapes: dict[str, Shape] = field(default_factory=dict)
    values: dict[str, np.ndarray] = field(default_factory=dict)
    later_shapes: dict[LaterOutput, Shape] = field(default_factory=dict)
    later_values: dict[LaterOutput, np.ndarray] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    dead_outputs: set[tuple[str, int]] = field(default_factory=set)
