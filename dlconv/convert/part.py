"""The part of a frozen graph between two ends that somebody asks for, kept as one of its own.

What is made of a part is compared with the part, so it goes to the cache as a frozen graph.
"""

import dataclasses

from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Source
from dlconv.cache import store
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import FOUND, Ends
from dlconv.graph.cut import asked_for, cut
from dlconv.graph.graph import Graph
from dlconv.recipe import name_of_part


def part_of(graph_def: GraphDef, asked: Ends) -> tuple[Graph, Ends]:
    """Cut out the part of a graph that is asked for, and return it and the nodes at its ends."""
    if asked == FOUND:
        return Graph(graph_def), asked
    asked = asked_for(graph_def, asked)
    return cut(graph_def, asked), asked


def cut_out(frozen: FrozenGraph, asked: Ends) -> FrozenGraph:
    """Keep the part of a frozen graph that is asked for in the cache, as a frozen graph itself."""
    if asked == FOUND:
        return frozen
    content = b"".join(part_of(read_graph(frozen.path), asked)[0].serialized())
    digest = store.keep_graph(content)
    path = store.find_graph(digest)
    if path is None:
        raise DlconvError(f"the part of {frozen.path} is not in the cache any more")
    source = Source(name_of_part(frozen.source.model, asked), len(content), digest)
    return dataclasses.replace(frozen, path=path, source=source)
