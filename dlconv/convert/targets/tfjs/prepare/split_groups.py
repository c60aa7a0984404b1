"""Splits convolutions of groups of channels, which TF.js does not have.

Pattern: Conv2D whose constant kernel takes fewer channels than its input has. Replacement: Split of
the input, a Conv2D for each group with its part of the kernel, and ConcatV2; with a channel in each
group, a DepthwiseConv2dNative. Same function: TensorFlow's Conv2D lets each group
of output channels read one group of input channels, in their order.

Requires channels last; comes after the rewriting, which folds batch norms into kernels as well
where they have groups. Ensures that the result has the name of the convolution, and that each part
of a kernel is a Const, which can be quantized.
"""

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.graph.edit import Edit, Result, applied, const, free_name
from dlconv.graph.graph import Graph, attribute, copy_of, is_nhwc
from dlconv.graph.shapes import Static, infer_static

_CHANNELS = 3


def split_groups(graph: Graph) -> Result:
    """Return the graph with one group of channels in each convolution."""
    edit = Edit()
    for node in graph.nodes.values():
        if node.op == "Conv2D" and is_nhwc(node):
            groups, kernel = _groups(infer_static(graph), node)
            if groups > 1 and kernel is not None:
                split = _depthwise if kernel.shape[2] == 1 else _in_parts
                edit.replaced[node.name] = split(graph, node, kernel, groups)
    return applied(graph, edit)


def _groups(static: Static, node: NodeDef) -> tuple[int, np.ndarray | None]:
    """Return how many groups a convolution has as far as is known, and its constant kernel."""
    image = static.shape(node, 0)
    kernel = static.graph.constant(static.graph.producer(node, 1))
    channels = image[_CHANNELS] if image is not None and len(image) == 4 else None
    if kernel is None or kernel.ndim != 4 or not isinstance(channels, int) or not kernel.size:
        return 1, None
    groups, rest = divmod(channels, kernel.shape[2])
    is_whole = rest == 0 and groups > 0 and kernel.shape[3] % groups == 0
    return (groups, kernel) if is_whole else (1, None)


def _depthwise(graph: Graph, node: NodeDef, kernel: np.ndarray, groups: int) -> list[NodeDef]:
    rows, columns, _, outputs = kernel.shape
    values = kernel.reshape(rows, columns, groups, outputs // groups)
    weights = const(free_name(graph, f"{node.name}/depthwise_weights"), values)
    made = copy_of(node, inputs=[node.input[0], weights.name, *node.input[2:]])
    made.op = "DepthwiseConv2dNative"
    made.attr.pop("use_cudnn_on_gpu", None)
    return [weights, made]


def _in_parts(graph: Graph, node: NodeDef, kernel: np.ndarray, groups: int) -> list[NodeDef]:
    axis = const(free_name(graph, f"{node.name}/channels"), np.array(_CHANNELS, np.int32))
    split = NodeDef(name=free_name(graph, f"{node.name}/groups"), op="Split")
    split.input.extend([axis.name, node.input[0]])
    split.attr["T"].CopyFrom(attribute(node, "T"))
    split.attr["num_split"].i = groups
    nodes, parts = [axis, split], []
    for number, part in enumerate(np.split(kernel, groups, axis=3)):
        name = free_name(graph, f"{node.name}/group_{number}")
        weights = const(f"{name}/weights", np.ascontiguousarray(part))
        given = f"{split.name}:{number}" if number else split.name
        inputs = [given, weights.name, *node.input[2:]]
        parts.append(name)
        nodes += [weights, copy_of(node, name=name, inputs=inputs)]
    joined = NodeDef(name=node.name, op="ConcatV2", input=[*parts, axis.name])
    joined.attr["T"].CopyFrom(attribute(node, "T"))
    joined.attr["Tidx"].type = DataType.Value("DT_INT32")
    joined.attr["N"].i = groups
    return [*nodes, joined]
