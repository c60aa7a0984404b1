"""Numbers for the nodes of a frozen graph, as Google's Model Explorer lays them over its picture.

Model Explorer's file of node data has values by graph and by node, and colours between the least
and the greatest. It calls a GraphDef's only graph ``main``, and its nodes by their place in it.
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
    """Return the file, JSON, of values by the names of nodes; those of other names are left out."""
    places = {name: str(place) for place, name in enumerate(graph.nodes)}
    results = {places[name]: {"value": value} for name, value in values.items() if name in places}
    gradient = [{"stop": stop, "bgColor": colour} for stop, colour in enumerate(COLOURS)]
    return json.dumps({GRAPH: {"results": results, "gradient": gradient}})


def weight_bytes(graph: Graph) -> dict[str, int]:
    """Return the bytes of the floating-point constants that each node reads, by its name."""
    found = {
        node.name: sum(map(_bytes, graph.constants_read(node)))
        for node in graph.order
        if node.op != "Identity"
    }
    return {name: count for name, count in found.items() if count}


def _bytes(constant: NodeDef) -> int:
    tensor = constant.attr["value"].tensor
    return byte_size(tensor) if dtype_name(tensor.dtype) in WEIGHT_DTYPES else 0
