"""The element types of what a node takes and gives, by the definition of its op.

An input or output of an op is a tensor of a fixed type, of the type that an attribute says, or a
list of them: as many as an attribute counts, or of the types that an attribute lists
(tensorflow/core/framework/op_def.proto, ``ArgDef``).
"""

from collections.abc import Iterable

from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.op_def_pb2 import OpDef

from dlconv.graph.definitions import definition_of
from dlconv.graph.graph import attribute
from dlconv.graph.tensors import dtype_name


def input_types(node: NodeDef) -> tuple[str, ...] | None:
    """Return the element type of each data input, as numpy calls it (``float32``, ``string``).

    None for an op that TensorFlow does not have, and for a node without an attribute that says it.
    """
    definition = definition_of(node.op)
    return None if definition is None else _types(node, definition.input_arg)


def output_types(node: NodeDef) -> tuple[str, ...] | None:
    """Return the element type of each output, as numpy calls it (``float32``, ``string``).

    None for an op that TensorFlow does not have, and for a node without an attribute that says it.
    """
    definition = definition_of(node.op)
    return None if definition is None else _types(node, definition.output_arg)


def output_count(node: NodeDef) -> int | None:
    """Return how many outputs a node has; None where ``output_types`` is."""
    types = output_types(node)
    return None if types is None else len(types)


def _types(node: NodeDef, arguments: Iterable[OpDef.ArgDef]) -> tuple[str, ...] | None:
    found: list[int] = []
    for argument in arguments:
        types = _types_of_argument(node, argument)
        if types is None:
            return None
        found += types
    return tuple(map(dtype_name, found))


def _types_of_argument(node: NodeDef, argument: OpDef.ArgDef) -> list[int] | None:
    if argument.type_list_attr:
        types = attribute(node, argument.type_list_attr)
        return list(types.list.type) if types.HasField("list") else None
    data_type = argument.type or attribute(node, argument.type_attr).type
    if not data_type:
        return None
    if not argument.number_attr:
        return [data_type]
    count = attribute(node, argument.number_attr)
    return [data_type] * count.i if count.HasField("i") else None
