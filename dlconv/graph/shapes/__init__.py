"""What is known of a graph without running it: shapes, and the values of shape arithmetic.

A value is a small array of extents: what Shape, StridedSlice, Pack and simple arithmetic give. Two
extents that are equal symbols are equal in every run. Nothing is ever guessed: an op without a rule
yields nothing. What is inferred of a graph is stored with it.

``operations`` holds what an operation tells of the shapes of what it gives, ``values`` how it
computes with extents; a file there registers its rules by being there.
"""

from dlconv.graph.shapes import operations, values
from dlconv.graph.shapes.inference import infer_static
from dlconv.graph.shapes.static import Static, numbers_of

__all__ = ["Static", "infer_static", "numbers_of", "operations", "values"]
