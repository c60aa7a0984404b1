"""Constants on a branch, which only a control edge ties to it.

TensorFlow's cond gives a constant on a branch a control edge from the branch's pivot: an Identity
of an output of a Switch. Without that edge nothing says when it is the constant that Merge hands
on. Here each gets a Switch of its own, which its readers read, so that the edge is data.
"""

from collections.abc import Iterator, Mapping

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import free_name
from dlconv.graph.graph import Graph, attribute, copy_of, source_node
from dlconv.graph.operations import SWITCHES


def with_switched_constants(graph: Graph) -> Graph:
    """Return the graph with a Switch behind each constant on a branch."""
    if not any(node.op in SWITCHES for node in graph.nodes.values()):
        return graph
    switches: list[NodeDef] = []
    instead: dict[str, str] = {}
    for node in graph.nodes.values():
        pivot = next(_pivots(graph, node), None) if node.op == "Const" else None
        if pivot is None:
            continue
        condition, port = pivot
        switch = NodeDef(name=free_name(graph, f"{node.name}/switch"), op="Switch")
        switch.input.extend([node.name, condition])
        switch.attr["T"].type = attribute(node, "dtype").type
        switches.append(switch)
        instead[node.name] = f"{switch.name}:{port}"
    nodes = [_redirected(node, instead) for node in graph.nodes.values()]
    return graph.with_nodes([*nodes, *switches]) if switches else graph


def _redirected(node: NodeDef, instead: Mapping[str, str]) -> NodeDef:
    inputs = [instead.get(name.removesuffix(":0"), name) for name in node.input]
    return node if inputs == list(node.input) else copy_of(node, inputs=inputs)


def _pivots(graph: Graph, node: NodeDef) -> Iterator[tuple[str, int]]:
    """Yield the conditions of the branches that a node is on, and whether they are false or true.

    A condition is an input as nodes name it; 0 and 1 are the outputs of Switch.
    """
    for name in node.input:
        if not name.startswith("^"):
            continue
        pivot = graph.nodes[source_node(name)]
        while pivot.op == "Identity" and graph.sources(pivot):
            source = graph.sources(pivot)[0]
            pivot = graph.nodes[source.node]
            if pivot.op in SWITCHES:
                yield pivot.input[1], source.port
