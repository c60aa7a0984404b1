"""Reading a frozen graph, without importing TensorFlow.

A frozen graph is a serialized GraphDef whose variables are constants. The protocol buffers come
with TensorBoard's wheel.
"""

from pathlib import Path

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.formats.kinds import HEAD_BYTES, refuse_other_kinds
from dlconv.formats.others import kind_by_name, kind_of_folder
from dlconv.graph.graph import MAX_RANK, attribute
from dlconv.graph.tensors import byte_size, shape_of

# Protocol buffers cannot be larger.
MAX_GRAPH_BYTES = 2**31 - 1

VARIABLE_OPS = frozenset({"Variable", "VariableV2", "VarHandleOp", "ReadVariableOp"})


def read_graph(path: Path) -> GraphDef:
    """Parse a frozen graph (.pb).

    Raises DlconvError when the file cannot be read, is not a GraphDef, is empty or is not frozen.
    """
    check_graph_file(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    graph = parse_graph(content, str(path))
    variables = [node.name for node in graph.node if node.op in VARIABLE_OPS]
    if variables:
        raise DlconvError(
            f"{path} is not frozen: {len(variables)} variables, the first is {variables[0]}",
            "export it with constants in place of variables (freeze_graph)",
        )
    _refuse_calls(graph, str(path))
    return graph


def check_graph_file(path: Path) -> None:
    """Look at a file's size and first bytes only.

    Raises DlconvError when it cannot be read, is too large, or is of another kind than a GraphDef.
    """
    try:
        if path.is_dir():
            found = kind_of_folder(path)
            what = f"it is {found.name}, not a frozen graph"
            raise DlconvError(f"cannot read {path}: {what}", found.hint)
        if not path.is_file() and path.exists():
            raise DlconvError(f"cannot read {path}: it is not a file")
        if path.stat().st_size > MAX_GRAPH_BYTES:
            raise DlconvError(f"{path} is larger than a GraphDef can be (2 GiB)")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise DlconvError(f"cannot read {path}: {error.strerror}") from error
    kind = kind_by_name(path)
    if kind is not None:
        raise DlconvError(f"{path} is {kind.name}, not a frozen graph", kind.hint)
    refuse_other_kinds(head, str(path), "a frozen graph")


def parse_graph(content: bytes, name: str) -> GraphDef:
    """Parse a serialized GraphDef; ``name`` is what errors call it.

    Raises DlconvError when it is not a GraphDef, has no nodes, or has impossible constants.
    """
    refuse_other_kinds(content[:HEAD_BYTES], name, "a frozen graph")
    graph = GraphDef()
    hint = "dlconv reads frozen graphs: a *frozen_inference_graph.pb"
    try:
        graph.ParseFromString(content)
    except (DecodeError, RuntimeError) as error:
        raise DlconvError(f"{name} is not a GraphDef, or it is truncated", hint) from error
    if not graph.node or not all(node.name and node.op for node in graph.node):
        raise DlconvError(f"{name} holds no graph", hint)
    check_nodes(graph, name)
    return graph


def check_nodes(graph: GraphDef, name: str) -> None:
    """Raise DlconvError for unprintable names and impossible constants."""
    _refuse_unprintable(graph, name)
    _refuse_impossible_constants(graph, name)


def _refuse_unprintable(graph: GraphDef, name: str) -> None:
    """Refuse names with control codes of terminals; TensorFlow does not allow them either."""
    for node in graph.node:
        if not (node.name + node.op).isprintable():
            raise DlconvError(f"{name} has a node with an impossible name: {node.name} ({node.op})")


def _refuse_impossible_constants(graph: GraphDef, name: str) -> None:
    """Refuse impossible shapes, and constants with more bytes, as numpy holds them, than 2 GiB."""
    claimed = 0
    for node in graph.node:
        if node.op != "Const":
            continue
        tensor = attribute(node, "value").tensor
        shape = shape_of(tensor)
        if len(shape) > MAX_RANK or min(shape, default=0) < 0:
            raise DlconvError(f"{name}: the constant {node.name} has an impossible shape")
        claimed += byte_size(tensor)
    if claimed > MAX_GRAPH_BYTES:
        raise DlconvError(
            f"{name}: its constants claim to be {claimed:,} bytes, more than a GraphDef can hold"
        )


def _refuse_calls(graph: GraphDef, name: str) -> None:
    """Refuse nodes that call functions of the library."""
    functions = {function.signature.name for function in graph.library.function}
    calls = [node for node in graph.node if node.op in functions or _called(node) & functions]
    if calls:
        raise DlconvError(
            f"{name} calls functions of its library, which dlconv does not read: "
            f"{len(calls)} nodes do, the first is {calls[0].name} ({calls[0].op})",
            "freeze it with its functions inlined (convert_variables_to_constants_v2)",
        )


def _called(node: NodeDef) -> set[str]:
    return {value.func.name for value in node.attr.values() if value.HasField("func")}
