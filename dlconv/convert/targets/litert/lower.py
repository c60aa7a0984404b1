"""What prepares a rewritten graph for LiteRT, before it is written.

Nodes that LiteRT has no operator for, or that its kernels do not take as they are, become others
that do, by the lowerings that TF.js has; the rest is refused. Then convolutions are fused with
their bias and activation.
"""

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.convert.targets.litert.write import refusal_of
from dlconv.convert.targets.tfjs.fuse_convolutions import fuse_convolutions
from dlconv.convert.targets.tfjs.lower.lower_operations import lower_where
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.graph.shapes import Static, infer_static


def lowered(graph: Graph, contract: Contract) -> Graph:
    """Return what an output needs, of operations that LiteRT has, with fused convolutions.

    Raises DlconvError for a node that has no equal.
    """
    needed = prune(graph, contract).graph
    lowered_graph = lower_where(needed, _cannot_be_written).graph
    infer_static(lowered_graph)
    fused = fuse_convolutions(lowered_graph).graph
    fused.inferred = lowered_graph.inferred
    return fused


def _cannot_be_written(static: Static, node: NodeDef) -> bool:
    return refusal_of(static, node) is not None
