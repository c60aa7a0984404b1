"""What a graph shows of its scores: the size they are resized to, and the number of classes.

That size is the crop, unless features are resized to it, too: those of the pooled branch or the
decoder. The crop also shows in the size that the image is padded to, or in its fixed size.
"""

from collections.abc import Iterator

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import Graph
from dlconv.graph.operations import FULL_CONVOLUTIONS, RESIZES
from dlconv.graph.shapes import Static, numbers_of

# What may stand between the resized scores and an output of scores or probabilities.
SCORE_OPS = frozenset({"Identity", "Slice", "Softmax"})
# What may stand between a difference and the paddings that it is part of.
KEEPS_AMOUNTS = frozenset(
    {"Cast", "ConcatV2", "ExpandDims", "Identity", "Maximum", "Pack", "Reshape"}
)
# The largest height and width of a crop.
MOST_PIXELS = 2**14

Crop = tuple[int, int]


def argmax_behind(graph: Graph, node: NodeDef) -> NodeDef | None:
    """Return the ArgMax that a node depends on, if there is one."""
    return next((node for node in graph.ancestors(node.name) if node.op == "ArgMax"), None)


def find_crop(static: Static, output: NodeDef, fixed: Crop | None) -> tuple[Crop | None, str]:
    """Return the crop (height, width) and the reason; ``fixed`` is the size of the input."""
    chain = resizes_of_scores(static.graph, output)
    features = _sizes_of_features(static, {node.name for node in chain})
    for node in chain:
        size = _target(static, node)
        if size is not None and size not in features:
            return size, f"the size that {node.name} resizes the scores to"
    padded = _padding_targets(static.graph)
    if len(padded) == 2:
        (first, height), (second, width) = padded
        return (height, width), f"the size that {first} and {second} pad the image to"
    if fixed is not None:
        return fixed, "the input's own size"
    return None, "no constant resize of the scores, and no padding to a constant size"


def resizes_of_scores(graph: Graph, output: NodeDef) -> list[NodeDef]:
    """Return the resizes of scores or labels before an output, the last one first."""
    argmax = argmax_behind(graph, output)
    found = []
    node = output if argmax is None else graph.producer(argmax, 0)
    while node.op in SCORE_OPS and graph.sources(node):
        node = graph.producer(node, 0)
    while node.op == "ResizeBilinear":
        found.append(node)
        node = graph.producer(node, 0)
    return found


def _target(static: Static, node: NodeDef) -> Crop | None:
    if len(static.graph.sources(node)) < 2:
        return None
    size = static.whole_value(node, 1)
    if size is None or size.shape != (2,) or not all(0 < extent <= MOST_PIXELS for extent in size):
        return None
    return (size[0], size[1])


def _sizes_of_features(static: Static, of_scores: set[str]) -> set[Crop | None]:
    """Return the sizes that anything else behind a convolution is resized to."""
    behind: set[str] = set()
    sizes = set()
    for node in static.graph.order:
        sources = static.graph.sources(node)
        if node.op in FULL_CONVOLUTIONS or any(source.node in behind for source in sources):
            behind.add(node.name)
            if node.op in RESIZES and node.name not in of_scores:
                sizes.add(_target(static, node))
    return sizes


def _padding_targets(graph: Graph) -> list[tuple[str, int]]:
    """Find Sub(size, extent), the export's padding: height before width.

    Exports make it Maximum(Sub(size, extent), 0), or pad with the difference itself.
    """
    missing = [
        graph.producer(node, 0)
        for node in graph.nodes.values()
        if node.op == "Maximum" and graph.producer(node, 0).op == "Sub"
    ]
    padding = padding_differences(graph) if not missing else ()
    missing = missing or [node for node in graph.nodes.values() if node.name in padding]
    targets = []
    for node in missing:
        size = graph.constant(graph.producer(node, 0))
        if size is None or size.shape != () or size.dtype != np.int32:
            continue
        if 0 < size.item() <= MOST_PIXELS:
            targets.append((node.name, size.item()))
    return targets


def padding_differences(graph: Graph) -> set[str]:
    """Return the subtractions that give the amounts that images are padded by, as they are."""
    pads = (node for node in graph.nodes.values() if node.op in ("Pad", "PadV2"))
    amounts = [graph.producer(node, 1) for node in pads if len(graph.sources(node)) > 1]
    seen = {node.name for node in amounts}
    for node in amounts:
        if node.op not in KEEPS_AMOUNTS:
            continue
        before = [graph.nodes[source.node] for source in graph.sources(node)]
        amounts += [each for each in before if each.name not in seen]
        seen |= {each.name for each in before}
    return {node.name for node in amounts if node.op == "Sub"}


def find_classes(static: Static, output: NodeDef) -> tuple[int | None, str]:
    """Return the number of classes and the reason."""
    for node in _convolutions_behind(static.graph, output):
        shape = numbers_of(static.shape(node, 1)) or ()
        if len(shape) == 4 and shape[3] is not None:
            return shape[3], f"the output channels of {node.name}, the last convolution"
    return None, "no convolution whose kernel has a known shape before the output"


def _convolutions_behind(graph: Graph, output: NodeDef) -> Iterator[NodeDef]:
    return (node for node in graph.ancestors(output.name) if node.op in FULL_CONVOLUTIONS)
