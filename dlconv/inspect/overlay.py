"""Numbers for the nodes of a frozen graph, in the format of Google's Model Explorer.

A file of node data has values by graph and by node, and colours for the least and the greatest
value. Model Explorer calls a GraphDef's only graph ``main``, and identifies nodes by their index.
"""

import json
from collections.abc import Mapping

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import Graph
from dlconv.graph.summary import WEIGHT_DTYPES
from dlconv.graph.tensors import byte_size, dtype_name

GRAPH = "main"
COLOURS = ("#ffffff", "#e4572e")


def node_data(graph: Graph, values: Mapping[str, float]) -> str:
    """Return node data as JSON, from values by node name; names not in the graph are left out."""
    places = {name: str(place) for place, name in enumerate(graph.nodes)}
    results = {places[name]: {"value": value} for name, value in values.items() if name in places}
    gradient = [{"stop": stop, "bgColor": colour} for stop, colour in enumerate(COLOURS)]
    return json.dumps({GRAPH: {"results": results, "gradient": gradient}})


def weight_bytes(graph: Graph) -> dict[str, int]:
    """Return, by node name, the bytes of the floating-point constants that the node reads."""
    found = {
        node.name: sum(map(_bytes, graph.constants_read(node)))
        for node in graph.order
        if node.op != "Identity"
    }
    return {name: count for name, count in found.items() if count}


def _bytes(constant: NodeDef) -> int:
    tensor = constant.attr["value"].tensor
    return byte_size(tensor) if dtype_name(tensor.dtype) in WEIGHT_DTYPES else 0
