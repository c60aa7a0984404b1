"""Chooses the element type of the input.

Pattern: a uint8 placeholder, ops that only pass its pixels on (Squeeze, ExpandDims...) and the
Cast to float32 behind them. Replacement: a float32 placeholder, and no Cast. Same function: the
values are still RGB of 0 to 255, which float32 holds exactly; the caller converts instead of the
graph.

Requires that nothing else needs the pixels as uint8. Ensures that the input keeps name and shape.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.errors import DlconvError, UsageError
from dlconv.graph.edit import Edit, Result, applied
from dlconv.graph.graph import Graph, attribute, copy_of
from dlconv.graph.tensors import dtype_name

INPUT_TYPES = ("uint8", "float32")
# Ops whose output has the type of the pixels they read.
CARRIERS = frozenset(
    {
        "ExpandDims",
        "Identity",
        "Pad",
        "Reshape",
        "ResizeNearestNeighbor",
        "Slice",
        "Squeeze",
        "StridedSlice",
        "Transpose",
    }
)
# Ops whose results do not have the type of the pixels they read.
READERS = frozenset({"ResizeBilinear", "Shape"})


def choose_input(graph: Graph, input_name: str, dtype: str) -> Result:
    """Return the graph with an input of type ``dtype``, ``uint8`` or ``float32``.

    Raises UsageError for another type, DlconvError for a graph whose input cannot have it.
    """
    if dtype not in INPUT_TYPES:
        raise UsageError(f"the input can be {' or '.join(INPUT_TYPES)}, not {dtype}")
    placeholder = graph.nodes.get(input_name)
    if placeholder is None or placeholder.op != "Placeholder":
        raise DlconvError(f"the graph has no placeholder called {input_name}")
    present = dtype_name(attribute(placeholder, "dtype").type)
    if present == dtype:
        return Result(graph, changed=False)
    if (present, dtype) != ("uint8", "float32"):
        raise DlconvError(f"{input_name} is {present}; it cannot become {dtype}")
    edit = Edit()
    edit.replaced[input_name] = [_retyped(placeholder, "dtype")]
    for name in graph.consumers[input_name]:
        _retype(graph, graph.nodes[name], edit)
    return applied(graph, edit)


def _retype(graph: Graph, node: NodeDef, edit: Edit) -> None:
    pending = [node]
    for reader in pending:
        if reader.name in edit.replaced:
            continue
        if reader.op == "Cast":
            _retype_cast(graph, reader, edit)
            continue
        if reader.op not in CARRIERS | READERS:
            raise DlconvError(
                f"the input cannot be float32: {reader.name} ({reader.op}) needs its pixels as they"
                " are",
                "keep the input uint8",
            )
        edit.replaced[reader.name] = [_retyped(reader, "T")]
        if reader.op in CARRIERS:
            pending += [graph.nodes[name] for name in graph.consumers[reader.name]]


def _retype_cast(graph: Graph, cast: NodeDef, edit: Edit) -> None:
    gives_floats = dtype_name(attribute(cast, "DstT").type) == "float32"
    is_only_cast = len(cast.input) == 1 and bool(graph.consumers[cast.name])
    if gives_floats and is_only_cast:
        edit.redirect(cast.name, cast.input[0])
    else:
        edit.replaced[cast.name] = [_retyped(cast, "SrcT")]


def _retyped(node: NodeDef, key: str) -> NodeDef:
    copy = copy_of(node)
    copy.attr[key].type = DataType.Value("DT_FLOAT")
    return copy
