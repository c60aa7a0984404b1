"""Control flow: switches, merges, and operations whose bodies are functions."""

from collections.abc import Sequence

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Shape
from dlconv.graph.shapes.extents import any_of
from dlconv.graph.shapes.rules import gives_shapes
from dlconv.graph.shapes.static import Static
from dlconv.graph.tensors import extents_of


@gives_shapes("RefSwitch Switch")
def _switch(static: Static, node: NodeDef) -> Sequence[Shape]:
    shape = static.shape(node, 0)
    return shape, shape


@gives_shapes("Merge RefMerge")
def _merge(static: Static, node: NodeDef) -> Sequence[Shape]:
    sources = static.graph.sources(node)
    alive = [source for source in sources if not static.is_dead(source)]
    return any_of(*map(static.shape_of, alive)), ()


@gives_shapes("If StatelessIf StatelessWhile While")
def _body(static: Static, node: NodeDef) -> Sequence[Shape]:
    """What the node says of its own outputs."""
    return [extents_of(shape) for shape in attribute(node, "output_shapes").list.shape]
