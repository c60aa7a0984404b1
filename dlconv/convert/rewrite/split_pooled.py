"""Takes what is the same at every pixel out of a concatenation.

Pattern: ResizeBilinear of a tensor that is provably 1 x 1 (image pooling) and other tensors ->
ConcatV2 over channels -> Conv2D of kernel 1 x 1 -> BiasAdd, each reading the last alone.
Replacement: a convolution of the 1 x 1 tensor with its part of the kernel and the bias, a
convolution of the rest with the rest and a bias of zeros, which TF.js then fuses, and the sum of
both, which keeps the name of the BiasAdd.

Same function: a 1 x 1 convolution is a sum over channels, so it may be split over them; enlarging
one pixel bilinearly repeats it, and repeating it after the convolution, by broadcasting, is the
same as before. Only the order of the float sums differs. The sum stays an Add: a bias that is not a
constant vector cannot be fused (TF.js wasm: ``FusedConv2D only supports rank-1 bias``).

Requires that batch norms are folded. Ensures that the convolution of the rest has a constant vector
as its bias.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import accumulate, pairwise

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.graph.edit import Edit, Result, applied, const, free_name, reads_once
from dlconv.graph.graph import Graph, attribute, copy_of, is_nhwc
from dlconv.graph.shapes import Static, infer_static


@dataclass(frozen=True)
class _Pooled:
    """The nodes of the pattern; the resized tensor's channels are ``first`` to ``last`` - 1."""

    resize: NodeDef
    concat: NodeDef
    convolution: NodeDef
    bias_add: NodeDef
    first: int
    last: int


def split_pooled(graph: Graph) -> Result:
    """Return the graph with image pooling added after the convolution, not before."""
    static = infer_static(graph)
    edit = Edit()
    parts_of = cache(partial(_parts, static))
    for node in graph.nodes.values():
        found = _match(static, node, parts_of) if node.op == "ResizeBilinear" else None
        if found is not None and found.concat.name not in edit.replaced:
            _split(graph, found, edit)
    return applied(graph, edit)


def _match(
    static: Static, resize: NodeDef, parts_of: Callable[[str], Mapping[str, tuple[int, int]]]
) -> _Pooled | None:
    graph = static.graph
    concat = reads_once(graph, resize.name)
    pixel = static.shape(resize, 0)
    if concat is None or concat.op != "ConcatV2" or pixel is None or pixel[1:3] != (1, 1):
        return None
    convolution = reads_once(graph, concat.name)
    if convolution is None or not _is_pointwise(static, convolution):
        return None
    bias_add = reads_once(graph, convolution.name)
    if bias_add is None or bias_add.op != "BiasAdd" or not is_nhwc(bias_add):
        return None
    part = parts_of(concat.name).get(resize.name)
    return None if part is None else _Pooled(resize, concat, convolution, bias_add, *part)


def _parts(static: Static, name: str) -> Mapping[str, tuple[int, int]]:
    """Return which channels of a concatenation each of its sources gives, if all are known."""
    concat = static.graph.nodes[name]
    sources = static.graph.sources(concat)[:-1]
    channels = [(static.shape_of(source) or (None,))[-1] for source in sources]
    axis = static.whole_value(concat, len(sources))
    if axis is None or axis.item() not in (3, -1) or len(sources) < 2:
        return {}
    if not all(isinstance(count, int) for count in channels):
        return {}
    ends = list(accumulate((int(count or 0) for count in channels), initial=0))
    return {source.node: part for source, part in zip(sources, pairwise(ends), strict=True)}


def _is_pointwise(static: Static, node: NodeDef) -> bool:
    if node.op != "Conv2D":
        return False
    kernel = static.shape(node, 1)
    return (
        is_nhwc(node)
        and kernel is not None
        and kernel[:2] == (1, 1)
        and kernel[2] == (static.shape(node, 0) or (None,))[-1]
        and list(attribute(node, "strides").list.i) == [1, 1, 1, 1]
        and _kernel(static.graph, node) is not None
    )


def _kernel(graph: Graph, convolution: NodeDef) -> tuple[np.ndarray, str | None] | None:
    """Return a constant kernel and the input that holds factors for it, if any."""
    node = graph.producer(convolution, 1)
    factors = None
    if node.op == "Mul" and graph.constant(graph.producer(node, 1)) is not None:
        factors = str(node.input[1])
        node = graph.producer(node, 0)
    values = graph.constant(node)
    is_kernel = values is not None and values.dtype == np.float32 and values.ndim == 4
    return (values, factors) if values is not None and is_kernel else None


def _split(graph: Graph, found: _Pooled, edit: Edit) -> None:
    taken = _kernel(graph, found.convolution)
    if taken is None:
        return
    kernel, factors = taken
    name = found.convolution.name
    channels = np.arange(kernel.shape[2])
    is_pooled = (found.first <= channels) & (channels < found.last)
    pooled = _part(graph, found, f"{name}/pooled", kernel[:, :, is_pooled], factors)
    rest = _part(graph, found, f"{name}/rest", kernel[:, :, ~is_pooled], factors)
    pooled[-1].input[0] = found.resize.input[0]
    others, concat = _others(graph, found)
    rest[-1].input[0] = others

    bias = copy_of(
        found.bias_add,
        name=free_name(graph, f"{found.bias_add.name}/pooled"),
        inputs=[pooled[-1].name, found.bias_add.input[1]],
    )
    zeros = const(f"{rest[-1].name}/no_bias", np.zeros(kernel.shape[3], np.float32))
    fusible = copy_of(
        found.bias_add, name=f"{rest[-1].name}/biased", inputs=[rest[-1].name, zeros.name]
    )
    total = NodeDef(name=found.bias_add.name, op="Add", input=[fusible.name, bias.name])
    total.attr["T"].type = DataType.Value("DT_FLOAT")
    edit.replaced[found.resize.name] = []
    edit.replaced[found.concat.name] = concat
    edit.replaced[found.convolution.name] = [*pooled, *rest]
    edit.replaced[found.bias_add.name] = [bias, zeros, fusible, total]


def _part(
    graph: Graph, found: _Pooled, name: str, kernel: np.ndarray, factors: str | None
) -> list[NodeDef]:
    """Return the nodes of a convolution with a part of the kernel; the last is the convolution."""
    weights = const(free_name(graph, f"{name}/weights"), np.ascontiguousarray(kernel))
    nodes = [weights]
    if factors is not None:
        product = NodeDef(name=free_name(graph, f"{name}/scaled_weights"), op="Mul")
        product.input.extend([weights.name, factors])
        product.attr["T"].type = DataType.Value("DT_FLOAT")
        nodes.append(product)
    inputs = [found.concat.name, nodes[-1].name]
    return [*nodes, copy_of(found.convolution, name=free_name(graph, name), inputs=inputs)]


def _others(graph: Graph, found: _Pooled) -> tuple[str, list[NodeDef]]:
    """Return what to read in place of the concatenation, and the nodes that stand in its place."""
    inputs = [name for name in found.concat.input if name.split(":")[0] != found.resize.name]
    if len(inputs) == 2:
        return inputs[0], []
    concat = copy_of(found.concat, inputs=inputs)
    concat.attr["N"].i = len(inputs) - 1
    return concat.name, [concat]
