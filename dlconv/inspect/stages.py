"""The stages of a network: what each node is there for.

Found from the structure. Weights begin where the preprocessing ends, and postprocessing is what
comes after the last of them. The ASPP is where branches part from the backbone's features and meet
again, one of them pooled over the whole image or several at different rates; in a dense prediction
cell (arXiv 1809.04184), branches go on from others. A network that runs several times side by side,
on scaled and flipped images, has one in each run. Names of nodes play no part, so other graphs than
DeepLab have some of these stages: a classifier has a backbone between its input and output. A node
off the image's way (weights, shape arithmetic, checks) belongs to the first stage that needs it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.flow import Flow
from dlconv.graph.graph import Graph, attribute, source_node
from dlconv.graph.operations import CONVOLUTIONS, RESIZES
from dlconv.graph.shapes import Static, numbers_of

# What belongs to the convolution before it.
LAYER_OPS = frozenset(
    {"Add", "AddV2", "BatchToSpaceND", "BiasAdd", "FusedBatchNorm", "FusedBatchNormV2"}
    | {"FusedBatchNormV3", "Identity", "Mul", "Relu", "Relu6", "Sub"}
    | {"FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"}
)
POOLS = frozenset({"AvgPool", "Mean"})
CONCATENATIONS = frozenset({"AddN", "ConcatV2"})
# A depthwise convolution and a pointwise one.
MOST_IN_A_BRANCH = 2
# Nodes of an atrous separable convolution, with norms and activations, and some more.
MOST_IN_A_LAYER = 16
# Branches meet near the output: at most so many nodes are tried, each with so many branches.
MOST_CANDIDATES = 32
MOST_BRANCHES = 16


class Stage(Enum):
    """A stage of a network, in the order in which the image passes them.

    The decoder computes scores from features; in DeepLabV3 it is only the last convolution.
    """

    INPUT = "input"
    PREPROCESSING = "preprocessing"
    BACKBONE = "backbone"
    IMAGE_POOLING = "image pooling"
    ASPP = "ASPP"
    DECODER = "decoder"
    POSTPROCESSING = "postprocessing"
    OUTPUT = "output"


ORDER = tuple(Stage)


@dataclass(frozen=True)
class _Head:
    """Where branches part (``fork``) and meet; ``pooled`` pools over the image, or much of it."""

    fork: str
    meeting: str
    pooled: frozenset[str] = frozenset()


def find_stages(flow: Flow, static: Static) -> dict[str, Stage]:
    """Return the stage of each node; ``static`` is best inferred at the crop."""
    stages = _stages_of_flow(flow, static)
    _place(stages, flow.outputs, Stage.OUTPUT)
    stages[flow.order[0].name] = Stage.INPUT
    _place_the_rest(static.graph, stages)
    return stages


def _stages_of_flow(flow: Flow, static: Static) -> dict[str, Stage]:
    stages = {node.name: Stage.BACKBONE for node in flow.order}
    if not flow.weighted:
        return stages
    before = stages.keys() - flow.beyond(flow.weighted)
    after = stages.keys() - flow.behind(flow.weighted)
    if _gives_images(flow, static):
        heads = _find_heads(flow, static)
        features = flow.behind([head.fork for head in heads] or _all_but_last(flow))
        _place(stages, stages.keys() - features, Stage.DECODER)
        for head in heads:
            _place(stages, _aspp(flow, head), Stage.ASPP)
            _place(stages, head.pooled, Stage.IMAGE_POOLING)
    _place(stages, _without_layer(flow, after), Stage.POSTPROCESSING)
    _place(stages, before, Stage.PREPROCESSING)
    return stages


def _place(stages: dict[str, Stage], names: Iterable[str], stage: Stage) -> None:
    stages.update(dict.fromkeys(names, stage))


def _all_but_last(flow: Flow) -> set[str]:
    return {source for name in flow.last_weighted for source in flow.sources(name)}


def _gives_images(flow: Flow, static: Static) -> bool:
    """Tell whether the last convolution gives scores for places, not for the whole image."""
    convolutions = {
        name for name in flow.last_weighted if flow.graph.nodes[name].op in CONVOLUTIONS
    }
    shapes = (numbers_of(static.shapes[name]) for name in convolutions)
    return any(shape is None or shape[1:3] != (1, 1) for shape in shapes)


def _without_layer(flow: Flow, after: set[str]) -> set[str]:
    """Return ``after`` without the bias, norm and activation of the last convolution."""
    layer: set[str] = set()
    for node in flow.order:
        sources = flow.sources(node.name)
        if node.name in after and node.op in LAYER_OPS and not (sources & after) - layer:
            layer.add(node.name)
    return after - layer


def _find_heads(flow: Flow, static: Static) -> list[_Head]:
    """Return the last head, and those of the same network that run beside it."""
    pools = [node.name for node in flow.order if _pools(static, node)]
    meetings = [node.name for node in flow.order if node.op in CONCATENATIONS]
    candidates = (
        *(_head_of_pool(flow, static, name) for name in reversed(pools[-MOST_CANDIDATES:])),
        *(_head_of_rates(flow, name) for name in reversed(meetings[-MOST_CANDIDATES:])),
    )
    heads: list[_Head] = []
    related: set[str] = set()
    for head in filter(None, candidates):
        if head.fork not in related:
            heads.append(head)
            related |= flow.behind([head.fork]) | flow.beyond([head.fork])
    return heads


def _pools(static: Static, node: NodeDef) -> bool:
    return node.op == "AvgPool" or _pools_all(static, node)


def _pools_all(static: Static, node: NodeDef) -> bool:
    if node.op not in POOLS:
        return False
    before, after = numbers_of(static.shape(node, 0)), numbers_of(static.shapes[node.name])
    if before is None or after is None or len(before) != 4 or before[1:3] == (1, 1):
        return False
    return after[1:3] == (1, 1) if len(after) == 4 else len(after) == 2


def _head_of_pool(flow: Flow, static: Static, pool: str) -> _Head | None:
    """Follow the pooled branch until it meets features; None if it never does or scales them.

    What pools only windows counts if it is resized after one convolution at most: a longer branch
    is a part of the network at a smaller size.
    """
    branch = {pool}
    for node in flow.order[flow.position[pool] + 1 :]:
        sources = flow.sources(node.name)
        if not sources & branch:
            continue
        if sources <= branch:
            branch.add(node.name)
            continue
        is_resized = any(flow.graph.nodes[name].op in RESIZES for name in branch)
        is_short = is_resized and len(branch & flow.weighted) <= 1
        if not is_short and not _pools_all(static, flow.graph.nodes[pool]):
            return None
        if node.op == "Mul" and not is_resized:
            return None  # the gate of a squeeze-and-excitation block
        fork, _ = _branches(flow, node.name)
        return _Head(fork, node.name, frozenset(branch))
    return None


def _head_of_rates(flow: Flow, meeting: str) -> _Head | None:
    """Tell whether short branches meet here, each a convolution, and some of them atrous.

    In a dense prediction cell, a branch may begin where another that meets here ends.
    """
    ends = flow.sources(meeting)
    if not 2 <= len(ends) <= MOST_BRANCHES:
        return None
    fork, _ = _branches(flow, meeting)
    if fork in ends:
        start = _start_of_atrous(flow, fork)
        if start is None:
            return None
        fork = start
    convolutions = [branch & flow.weighted for branch in _own_parts(flow, fork, ends)]
    is_short = all(1 <= len(found) <= MOST_IN_A_BRANCH for found in convolutions)
    is_atrous = any(_is_atrous(flow.graph, name) for found in convolutions for name in found)
    return _Head(fork, meeting) if is_short and is_atrous else None


def _own_parts(flow: Flow, fork: str, ends: set[str]) -> list[set[str]]:
    """Return the nodes of each branch that begins at the fork, or at the end of another."""
    beyond = flow.beyond([fork]) - {fork}
    parts = []
    for end in ends:
        part, queue = {end}, [end]
        for name in queue:
            new = (flow.sources(name) & beyond) - part - ends
            part |= new
            queue.extend(new)
        parts.append(part & beyond)
    return parts


def _start_of_atrous(flow: Flow, end: str) -> str | None:
    """Return what goes into the atrous layer that ends here, separable or not; None without it."""
    name = end
    for _ in range(MOST_IN_A_LAYER):
        sources = flow.sources(name)
        if len(sources) != 1:
            return None
        is_start = name in flow.weighted and _is_atrous(flow.graph, name)
        (name,) = sources
        if is_start:
            is_split = flow.graph.nodes[name].op == "SpaceToBatchND"
            return next(iter(flow.sources(name))) if is_split else name
    return None


def _is_atrous(graph: Graph, name: str) -> bool:
    node = graph.nodes[name]
    is_split = graph.producer(node, 0).op == "SpaceToBatchND"
    return is_split or any(rate > 1 for rate in attribute(node, "dilations").list.i)


def _branches(flow: Flow, meeting: str) -> tuple[str, list[set[str]]]:
    """Return the node at which branches part, and the nodes of each branch after it.

    Walks back from where they meet, and keeps for each node a bit set of the branches it is in.
    """
    into = {source: 1 << index for index, source in enumerate(flow.sources(meeting))}
    all_branches = (1 << len(into)) - 1
    start = flow.position[meeting]
    fork = start
    while into.get(flow.order[fork].name) != all_branches:
        fork -= 1
        own = into.get(flow.order[fork].name, 0)
        for source in flow.sources(flow.order[fork].name) if own != all_branches else ():
            into[source] = into.get(source, 0) | own
    name = flow.order[fork].name
    beyond = {name}
    for node in flow.order[fork + 1 : start]:
        if flow.sources(node.name) & beyond:
            beyond.add(node.name)
    beyond.remove(name)
    count = len(flow.sources(meeting))
    apart = [{each for each in beyond if into.get(each, 0) >> i & 1} for i in range(count)]
    return name, apart


def _aspp(flow: Flow, head: _Head) -> set[str]:
    """Return the branches, where they meet, and the convolution that joins them."""
    between = flow.beyond([head.fork]) & flow.behind([head.meeting])
    return (between - {head.fork}) | _projection(flow, head.meeting)


def _projection(flow: Flow, meeting: str) -> set[str]:
    chain = [meeting]
    inner, has_joined = flow.weighted - flow.last_weighted, meeting in flow.weighted
    while len(flow.consumers[chain[-1]]) == 1:
        (name,) = flow.consumers[chain[-1]]
        is_join = name in inner and not has_joined
        is_layer = flow.graph.nodes[name].op in LAYER_OPS
        if len(flow.sources(name)) != 1 or not (is_join or is_layer):
            break
        has_joined = has_joined or is_join
        chain.append(name)
    return {*chain}


def _place_the_rest(graph: Graph, stages: dict[str, Stage]) -> None:
    """Assign other nodes to the stage of the first node that reads them, or the last they read."""
    readers: dict[str, set[str]] = {name: set() for name in graph.nodes}
    for node in graph.order:
        for name in map(source_node, node.input):
            readers[name].add(node.name)
    for node in reversed(graph.order):
        found = [stages[name] for name in readers[node.name] if name in stages]
        if node.name not in stages and found:
            stages[node.name] = _inner(min(found, key=ORDER.index))
    for node in graph.order:
        found = [stages[name] for name in map(source_node, node.input) if name in stages]
        if node.name not in stages:
            stages[node.name] = _inner(max(found, key=ORDER.index, default=Stage.INPUT))


def _inner(stage: Stage) -> Stage:
    """Return the stage for a node that serves one: input and output consist of a single node."""
    beside = {Stage.INPUT: Stage.PREPROCESSING, Stage.OUTPUT: Stage.POSTPROCESSING}
    return beside.get(stage, stage)
