"""Drops nodes that only hand on what they read.

Pattern: Identity, StopGradient, Print, CheckNumerics and others that copy, such as the ``/read`` of
a frozen variable or a dropout at inference; IdentityN; PlaceholderWithDefault; EnsureShape of a
shape that is known to fit. Replacement: their readers read their input; what is to stay becomes an
Identity. Same function: at inference they copy, a placeholder that is not fed is its default, and
what is printed on the way, or would stop a run, is no part of a value.

Requires nothing. Ensures that of these nodes only outputs and those with control inputs are left,
as Identity; an output keeps its name. An EnsureShape that nothing is known of stays as it is.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.graph.contract import element_type
from dlconv.graph.edit import Edit, Result, applied, may_go
from dlconv.graph.graph import Graph, attribute
from dlconv.graph.shapes import infer_static
from dlconv.graph.tensors import data_type_name, extents_of

COPIES = frozenset(
    {
        "CheckNumerics",
        "CheckNumericsV2",
        "Identity",
        "PlaceholderWithDefault",
        "PreventGradient",
        "Print",
        "RefIdentity",
        "Snapshot",
        "StopGradient",
    }
)


def drop_identities(graph: Graph) -> Result:
    """Return the graph without nodes that copy."""
    edit = Edit()
    for node in graph.nodes.values():
        if not graph.sources(node) or not _only_copies(graph, node):
            continue
        if not _waits(node) and may_go(graph, node.name):
            _redirect(edit, node)
        elif node.op in COPIES - {"Identity"}:
            edit.replaced[node.name] = [_identity(node)]
    return applied(graph, edit)


def _only_copies(graph: Graph, node: NodeDef) -> bool:
    is_known = node.op in COPIES or node.op == "IdentityN"
    return is_known or (node.op == "EnsureShape" and _fits(graph, node))


def _fits(graph: Graph, node: NodeDef) -> bool:
    """Tell whether a shape is known to be the one that EnsureShape asks for."""
    wanted = attribute(node, "shape").shape
    shape = infer_static(graph).shape(node, 0)
    if wanted.unknown_rank:
        return True
    extents = extents_of(wanted) or ()
    if shape is None or len(shape) != len(extents):
        return False
    return all(want in (None, extent) for want, extent in zip(extents, shape, strict=True))


def _waits(node: NodeDef) -> bool:
    return any(name.startswith("^") for name in node.input)


def _redirect(edit: Edit, node: NodeDef) -> None:
    edit.redirect(node.name, node.input[0])
    if node.op == "IdentityN":
        for port, source in enumerate(node.input[1:], start=1):
            edit.redirected[f"{node.name}:{port}"] = source


def _identity(node: NodeDef) -> NodeDef:
    waits = [name for name in node.input if name.startswith("^")]
    made = NodeDef(name=node.name, op="Identity", input=[node.input[0], *waits])
    made.attr["T"].type = DataType.Value(data_type_name(element_type(node)) or "DT_FLOAT")
    return made
