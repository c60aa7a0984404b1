"""What is told apart about a node when backends are measured and asked: its traits.

A trait has a name and a few values: an attribute with its value or a class of values, the rank of
an input, whether an input that other operations take from a constant is one. Numbers that only
scale what is computed (floats, sizes) are no traits. The same function describes the cases that are
measured and the nodes that are to be converted.
"""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.op_def_pb2 import OpDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.graph.definitions import definition_of
from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Shape
from dlconv.graph.operations import CONVOLUTIONS
from dlconv.graph.shapes import Static
from dlconv.graph.tensors import array_of, dtype_name, shape_of

# None: it is not known before the graph runs.
Traits = Mapping[str, str | None]

CONSTANT, NEGATIVE, COMPUTED = "constant", "negative constant", "computed"
# Attributes that change nothing that is computed.
IDLE = frozenset(
    {
        "bad_indices_policy",
        "data",
        "exponential_avg_factor",
        "first_n",
        "incompatible_shape_error",
        "message",
        "name",
        "num_args",
        "summarize",
        "use_cudnn_on_gpu",
        "use_locking",
        "validate_indices",
        "validate_shape",
    }
)
WITH_KERNEL = CONVOLUTIONS | {"Conv3D", "Dilation2D"}
WINDOWS = {"ExtractImagePatches": "ksizes"}
# Inputs whose number of values says how many axes they are for.
COUNTED = frozenset({"block_shape"})
PARAMETERS = frozenset({DataType.DT_INT32, DataType.DT_INT64})
# Larger constants have no class of their own.
MOST_VALUES = 64


def traits_of(static: Static, node: NodeDef) -> dict[str, str | None]:
    """Return the traits of a node; empty for an op that TensorFlow does not define."""
    definition = definition_of(node.op)
    if definition is None:
        return {}
    return {
        **_of_attributes(node.op, _stated(node)),
        **dict(_of_inputs(static, definition, node)),
        **dict(_of_convolution(static, node)),
        **dict(_of_notation(node)),
        **dict(_of_window(static, node)),
    }


Stated = tuple[tuple[str, bytes], ...]


def _stated(node: NodeDef) -> Stated:
    """Return a node's attributes, as a value that tells equal nodes."""
    return tuple((key, node.attr[key].SerializeToString()) for key in sorted(node.attr))


@lru_cache(maxsize=4096)
def _of_attributes(op: str, stated: Stated) -> Mapping[str, str]:
    """Return the traits of attributes; a network has many nodes that state the same."""
    node = NodeDef(op=op)
    for key, content in stated:
        node.attr[key].ParseFromString(content)
    definition = definition_of(op)
    assert definition is not None
    found = {
        declared.name: _class_of(declared, attribute(node, declared.name))
        for declared in definition.attr
        if declared.name not in IDLE and not declared.name.startswith("_")
    }
    return {name: kind for name, kind in found.items() if kind is not None}


def _class_of(declared: OpDef.AttrDef, value: AttrValue) -> str | None:
    if declared.type == "type":
        return dtype_name(value.type)
    if declared.type == "bool":
        return "yes" if value.b else "no"
    if declared.type == "string" and declared.allowed_values.list.s:
        return str(value.s.decode(errors="replace"))
    if declared.type == "int":
        return "not 0" if declared.name.endswith("_mask") and value.i else _whole(value.i)
    if declared.type == "list(int)":
        return _list_class(list(value.list.i), "paddings" in declared.name)
    if declared.type == "list(type)":
        return " ".join(sorted({dtype_name(each) for each in value.list.type}))
    if declared.type == "list(string)":
        return " ".join(each.decode(errors="replace") for each in value.list.s)
    return None


def _whole(value: int) -> str:
    return str(value) if -1 <= value <= 2 else "3 or more" if value > 2 else "-2 or less"


def _list_class(values: list[int], is_paddings: bool) -> str:
    if not values:
        return "none"
    if min(values) < 0:
        return "negative"
    if is_paddings:
        return "some" if any(values) else "zeros"
    others = [value for value in values if value != 1]
    if not others:
        return "ones"
    is_even = len(set(others)) == 1 and len(others) == max(1, len(values) - 2)
    return "equal" if is_even else "unequal"


def _of_inputs(
    static: Static, definition: OpDef, node: NodeDef
) -> Iterator[tuple[str, str | None]]:
    index = 0
    count = len(static.graph.sources(node))
    for argument in definition.input_arg:
        number = 1
        if argument.number_attr:
            number = attribute(node, argument.number_attr).i
        elif argument.type_list_attr:
            number = len(attribute(node, argument.type_list_attr).list.type)
        if index >= count:
            return
        if number:
            shape = static.shape(node, index)
            yield f"rank of {argument.name}", None if shape is None else str(len(shape))
            yield argument.name, _constancy(static, node, index)
            if argument.name in COUNTED:
                yield f"count of {argument.name}", _count(shape)
        index += number


def _count(shape: Shape) -> str | None:
    return None if shape is None or not isinstance(shape[0], int) else str(shape[0])


def _constancy(static: Static, node: NodeDef, index: int) -> str:
    constant = static.graph.constant_node(static.graph.producer(node, index))
    if constant is None:
        return COMPUTED
    tensor = attribute(constant, "value").tensor
    is_parameter = tensor.dtype in PARAMETERS and math.prod(shape_of(tensor)) <= MOST_VALUES
    return NEGATIVE if is_parameter and (array_of(tensor) < 0).any() else CONSTANT


def _of_notation(node: NodeDef) -> Iterator[tuple[str, str]]:
    """Yield what an attribute says in a notation of its own: masks of slices, einsum's equation."""
    if node.op == "StridedSlice":
        taken = attribute(node, "shrink_axis_mask").i
        masked = attribute(node, "begin_mask").i | attribute(node, "end_mask").i
        yield "one element", "of a masked axis" if taken & masked else "of its own"
    if node.op == "Einsum":
        yield "notation", _notation(attribute(node, "equation").s.decode(errors="replace"))


def _notation(equation: str) -> str:
    if "." in equation:
        return "ellipsis"
    terms = equation.partition("->")[0].split(",")
    return "a letter twice" if any(len(set(term)) < len(term) for term in terms) else "letters"


def _of_convolution(static: Static, node: NodeDef) -> Iterator[tuple[str, str | None]]:
    if node.op not in CONVOLUTIONS or "Depthwise" in node.op:
        return
    image, kernel = static.shape(node, 0), static.shape(node, 1)
    if image is None or kernel is None or len(image) != 4 or len(kernel) != 4:
        yield "groups", None
        return
    axis = 1 if attribute(node, "data_format").s == b"NCHW" else 3
    channels, taken = image[axis], kernel[2]
    known = isinstance(channels, int) and isinstance(taken, int)
    yield "groups", ("one" if channels == taken else "several") if known else None


def _of_window(static: Static, node: NodeDef) -> Iterator[tuple[str, str | None]]:
    """Yield whether a window is smaller than the step that it moves by."""
    strides = list(attribute(node, "strides").list.i)
    if not strides or node.op == "Conv2DBackpropInput":
        return
    window: list[object] = list(attribute(node, WINDOWS.get(node.op, "ksize")).list.i)
    if not window and node.op not in WITH_KERNEL:
        return
    if not window:
        is_first = attribute(node, "data_format").s.startswith(b"NC")
        strides = strides[2:] if is_first else strides[1:-1]
        window = list((static.shape(node, 1) or ())[: len(strides)])
    if len(window) != len(strides) or not all(isinstance(extent, int) for extent in window):
        yield "window", None
        return
    gaps = [int(str(extent)) < step for extent, step in zip(window, strides, strict=True)]
    yield "window", "has gaps" if all(gaps) else "has gaps on one axis" if any(gaps) else "has none"


def with_port(traits: Traits, port: int) -> dict[str, str | None]:
    """Return the traits of one output of a node."""
    return {**traits, "output": str(port) if port < 2 else "2 or later"}
