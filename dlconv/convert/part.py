"""The part of a frozen graph between the ends that the user names, with the values that they set.

Artifacts of a part are compared with the part, so it is stored in the cache as a frozen graph.
"""

import dataclasses

from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.artifacts.frozen import FrozenGraph
from dlconv.artifacts.manifest import Source
from dlconv.cache import store
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import FOUND, Ends
from dlconv.graph.cut import cut, resolve_ends
from dlconv.graph.graph import Graph
from dlconv.graph.settings import with_settings
from dlconv.recipe import name_of_part


def part_of(graph_def: GraphDef, ends: Ends) -> tuple[Graph, Ends]:
    """Return the part of a graph between ends, and the names of the nodes at its ends."""
    if ends == FOUND:
        return Graph(graph_def), ends
    ends = resolve_ends(graph_def, ends)
    return cut(with_settings(graph_def, ends.settings), ends), ends


def cut_out(frozen: FrozenGraph, ends: Ends) -> FrozenGraph:
    """Store the part of a frozen graph between ends in the cache, as a frozen graph itself."""
    if ends == FOUND:
        return frozen
    content = b"".join(part_of(read_graph(frozen.path), ends)[0].serialized())
    digest = store.keep_graph(content)
    path = store.find_graph(digest)
    if path is None:
        raise DlconvError(f"the part of {frozen.path} is not in the cache any more")
    source = Source(name_of_part(frozen.source.model, ends), len(content), digest)
    return dataclasses.replace(frozen, path=path, source=source)
