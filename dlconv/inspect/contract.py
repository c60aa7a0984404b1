"""What a frozen graph promises: its contract.

The contract is found in the graph, never assumed. The input is the placeholder the output depends
on; the output is a sink, a node whose value nothing in the graph reads. DeepLab's own names settle
a choice between several, and are not required. The crop and the number of classes come from the
constants before the ArgMax, or before an output of scores. Every finding carries its reason, so
that a person can check it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.inspect.graph import Graph, attribute
from dlconv.inspect.shapes import Static, infer_static, numbers_of
from dlconv.inspect.tensors import dtype_name, extents_of

INPUT_NAME = "ImageTensor"
OUTPUT_NAME = "SemanticPredictions"

NO_VALUE_OPS = frozenset({"Assert", "NoOp"})
# What may stand between the resized scores and an output of scores or probabilities.
SCORE_OPS = frozenset({"Identity", "Slice", "Softmax"})


@dataclass(frozen=True)
class TensorSpec:
    """A tensor at the border of the graph: its node, dtype, and shape (None where it varies)."""

    node: str
    dtype: str
    shape: tuple[int | None, ...] | None
    reason: str = ""

    @property
    def tensor(self) -> str:
        """The tensor's name, as a TensorFlow session feeds and fetches it."""
        return f"{self.node}:0"


@dataclass(frozen=True)
class Contract:
    """Input, output, the crop (height, width) the network works at, and its number of classes.

    ``crop`` and ``classes`` are None where the graph does not show them.
    """

    input: TensorSpec
    output: TensorSpec
    crop: tuple[int, int] | None
    crop_reason: str
    classes: int | None
    classes_reason: str


def find_contract(graph: Graph) -> Contract:
    """Find the contract of a frozen graph.

    Raises DlconvError when the graph has no input or no output, or several that it cannot tell
    apart.
    """
    static = infer_static(graph)
    found_input, found_output = find_ends(graph)
    output = graph.nodes[found_output.node]
    crop, crop_reason = _find_crop(static, output)
    classes, classes_reason = _find_classes(graph, output)

    def inferred(spec: TensorSpec) -> TensorSpec:
        return replace(spec, shape=numbers_of(static.shapes[spec.node]))

    return Contract(
        input=inferred(found_input),
        output=inferred(found_output),
        crop=crop,
        crop_reason=crop_reason,
        classes=classes,
        classes_reason=classes_reason,
    )


def find_ends(graph: Graph) -> tuple[TensorSpec, TensorSpec]:
    """Find input and output in a graph whose constants need not have values.

    The shapes are those that the nodes themselves state. Raises what ``find_contract`` does.
    """
    output, output_reason = _find_output(graph)
    placeholder, input_reason = _find_input(graph, output)
    stated = attribute(placeholder, "shape")
    shape = extents_of(stated.shape) if stated.HasField("shape") else None
    return (
        TensorSpec(placeholder.name, element_type(placeholder), shape, input_reason),
        TensorSpec(output.name, element_type(output), None, output_reason),
    )


def element_type(node: NodeDef) -> str:
    """Return the dtype of a node's first output."""
    if node.op == "ResizeBilinear":
        return "float32"
    for key in ("DstT", "output_type", "dtype", "T"):
        if key in node.attr:
            return dtype_name(node.attr[key].type)
    return "float32"


def _find_output(graph: Graph) -> tuple[NodeDef, str]:
    live = _nodes_that_depend_on_an_input(graph)
    if OUTPUT_NAME in live:
        return graph.nodes[OUTPUT_NAME], f"named {OUTPUT_NAME}, and it depends on the input"
    sinks = [node for node in live.values() if _is_sink(graph, node)]
    if not sinks:
        raise DlconvError(
            "the graph has no output: no node depends on a Placeholder",
            "is this the graph for inference?",
        )
    if len(sinks) == 1:
        return sinks[0], "the only sink: nothing reads its value"
    labels = [node for node in sinks if argmax_behind(graph, node)]
    if len(labels) == 1:
        return labels[0], f"the only one of {len(sinks)} sinks with an ArgMax behind it"
    names = ", ".join(node.name for node in sinks[:8])
    raise DlconvError(
        f"the graph has {len(sinks)} outputs and none is named {OUTPUT_NAME}: {names}",
        "dlconv converts graphs with one output of labels",
    )


def _nodes_that_depend_on_an_input(graph: Graph) -> dict[str, NodeDef]:
    return {
        node.name: node
        for placeholder in graph.graph_def.node
        if placeholder.op == "Placeholder"
        for node in graph.descendants(placeholder.name)
    }


def _is_sink(graph: Graph, node: NodeDef) -> bool:
    return not graph.consumers[node.name] and node.op not in NO_VALUE_OPS | {"Placeholder"}


def argmax_behind(graph: Graph, node: NodeDef) -> NodeDef | None:
    """Return the ArgMax that a node depends on, if there is one."""
    return next((node for node in graph.ancestors(node.name) if node.op == "ArgMax"), None)


def _find_input(graph: Graph, output: NodeDef) -> tuple[NodeDef, str]:
    needed = [node for node in graph.ancestors(output.name) if node.op == "Placeholder"]
    named = [node for node in needed if node.name == INPUT_NAME]
    if named and len(needed) == 1:
        return named[0], f"the only Placeholder that {output.name} depends on, named {INPUT_NAME}"
    if len(needed) == 1:
        return needed[0], f"the only Placeholder that {output.name} depends on"
    if not needed:
        raise DlconvError(f"{output.name} depends on no Placeholder")
    names = ", ".join(node.name for node in needed)
    raise DlconvError(
        f"{output.name} depends on {len(needed)} placeholders: {names}",
        "dlconv converts graphs with one image as input",
    )


def _find_crop(static: Static, output: NodeDef) -> tuple[tuple[int, int] | None, str]:
    for node in _resizes_of_scores(static.graph, output):
        size = static.whole_value(node, 1)
        if size is not None and size.shape == (2,):
            return (size[0], size[1]), f"the size that {node.name} resizes the scores to"
    padded = _padding_targets(static.graph)
    if len(padded) == 2:
        (first, height), (second, width) = padded
        return (height, width), f"the size that {first} and {second} pad the image to"
    return None, "no constant resize of the scores, and no padding to a constant size"


def _resizes_of_scores(graph: Graph, output: NodeDef) -> Iterator[NodeDef]:
    argmax = argmax_behind(graph, output)
    node = output if argmax is None else graph.producer(argmax, 0)
    while node.op in SCORE_OPS and graph.sources(node):
        node = graph.producer(node, 0)
    while node.op == "ResizeBilinear":
        yield node
        node = graph.producer(node, 0)


def _padding_targets(graph: Graph) -> list[tuple[str, int]]:
    """Find Maximum(Sub(size, extent), 0): the export's padding, height before width."""
    targets = []
    for node in graph.graph_def.node:
        if node.op != "Maximum" or graph.producer(node, 0).op != "Sub":
            continue
        missing = graph.producer(node, 0)
        size = graph.constant(graph.producer(missing, 0))
        if size is not None and size.shape == () and size.dtype == np.int32:
            targets.append((missing.name, int(size)))
    return targets


def _find_classes(graph: Graph, output: NodeDef) -> tuple[int | None, str]:
    for node in graph.ancestors(output.name):
        if node.op not in ("Conv2D", "_FusedConv2D"):
            continue
        kernel = graph.constant(graph.producer(node, 1))
        if kernel is not None and kernel.ndim == 4:
            return int(kernel.shape[3]), f"the output channels of {node.name}, the last convolution"
    return None, "no convolution with a constant kernel before the output"
