"""Composes 1 x 1 convolutions without an activation between them, where that saves work.

Pattern: Conv2D of kernel 1 x 1 with its BiasAdd and no activation (the linear bottleneck that ends
MobileNetV2), read only by other 1 x 1 convolutions with a bias, directly or behind an average
pooling without padding. Replacement: each reader with the product of both kernels, on what the
first one reads. It is done only if it takes fewer multiplications: 960 -> 320 -> 256 channels
become 960 -> 256, but a narrow bottleneck stays.

Same function: both are linear maps of the channels of a pixel, so their product is one, and a mean
of linear maps is the linear map of the mean. Products are computed in float64; only the rounding of
float sums differs. What the first one reads may be positive throughout, as after Relu6, and a float
sum of thousands of such values loses digits that sums around zero keep; so the pooling is done over
columns first, then over rows, which is the same mean in two short sums.

Requires that batch norms are folded; takes only convolutions that are known to read all channels,
not groups of them. Ensures that the readers and their BiasAdds keep their names.
"""

from dataclasses import dataclass

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.edit import Edit, Result, applied, const, free_name, reads_once
from dlconv.graph.graph import Graph, attribute, copy_of, is_nhwc
from dlconv.graph.shapes import Static, infer_static


@dataclass(frozen=True)
class _Linear:
    """A 1 x 1 convolution and its BiasAdd: kernel float32 [in, out], bias float32 [out]."""

    convolution: NodeDef
    bias_add: NodeDef
    kernel: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class _Reader:
    """What reads a linear map: another one, behind an average pooling or not."""

    pool: NodeDef | None
    linear: _Linear


def compose_pointwise(graph: Graph) -> Result:
    """Return the graph with products of 1 x 1 convolutions in place of chains of them."""
    static = infer_static(graph)
    edit = Edit()
    for node in graph.nodes.values():
        first = _linear(static, node)
        readers = _readers(static, first) if first is not None else None
        if first is None or not readers or not _saves_work(first, readers):
            continue
        if not any(name in edit.replaced for name in _names(first, readers)):
            _compose(graph, first, readers, edit)
    return applied(graph, edit)


def _linear(static: Static, node: NodeDef) -> _Linear | None:
    graph = static.graph
    if node.op != "Conv2D" or not _is_plain(node):
        return None
    kernel = graph.constant(graph.producer(node, 1))
    bias_add = reads_once(graph, node.name)
    if kernel is None or kernel.dtype != np.float32 or kernel.shape[:2] != (1, 1):
        return None
    if (static.shape(node, 0) or (None,))[-1] != kernel.shape[2]:
        return None
    if bias_add is None or bias_add.op != "BiasAdd" or not is_nhwc(bias_add):
        return None
    bias = graph.constant(graph.producer(bias_add, 1))
    return None if bias is None else _Linear(node, bias_add, kernel[0, 0], bias)


def _is_plain(node: NodeDef) -> bool:
    has_controls = any(name.startswith("^") for name in node.input)
    strides = list(attribute(node, "strides").list.i)
    is_padded = attribute(node, "padding").s not in (b"SAME", b"VALID")
    return is_nhwc(node) and strides == [1, 1, 1, 1] and not is_padded and not has_controls


def _readers(static: Static, first: _Linear) -> list[_Reader] | None:
    """Return all readers of a linear map, None if one of them is of another kind."""
    readers = [_reader(static, name) for name in static.graph.consumers[first.bias_add.name]]
    known = [reader for reader in readers if reader is not None]
    return known if len(known) == len(readers) else None


def _reader(static: Static, name: str) -> _Reader | None:
    graph = static.graph
    node: NodeDef | None = graph.nodes[name]
    pool = None
    if node is not None and node.op == "AvgPool":
        is_plain = attribute(node, "padding").s == b"VALID" and is_nhwc(node)
        pool, node = (node, reads_once(graph, name)) if is_plain else (None, None)
    linear = _linear(static, node) if node is not None else None
    return None if linear is None else _Reader(pool, linear)


def _saves_work(first: _Linear, readers: list[_Reader]) -> bool:
    """Compare the multiplications of a pixel; what is pooled takes none worth counting."""
    given, between = first.kernel.shape
    outputs = [reader.linear.bias.size for reader in readers if reader.pool is None]
    before, after = given * between + between * sum(outputs), given * sum(outputs)
    return bool(0 < after < before)


def _names(first: _Linear, readers: list[_Reader]) -> list[str]:
    linears = [first, *(reader.linear for reader in readers)]
    return [node.name for each in linears for node in (each.convolution, each.bias_add)]


def _compose(graph: Graph, first: _Linear, readers: list[_Reader], edit: Edit) -> None:
    source = first.convolution.input[0]
    edit.replaced[first.convolution.name] = []
    edit.replaced[first.bias_add.name] = []
    for reader in readers:
        convolution = reader.linear.convolution
        given = source
        if reader.pool is not None:
            edit.replaced[reader.pool.name] = _pooled_by_columns_and_rows(
                graph, reader.pool, source
            )
            given = reader.pool.name
        weights, bias = _product(graph, first, reader.linear)
        edit.replaced[convolution.name] = [
            weights,
            copy_of(convolution, inputs=[given, weights.name]),
        ]
        edit.replaced[reader.linear.bias_add.name] = [
            bias,
            copy_of(reader.linear.bias_add, inputs=[convolution.name, bias.name]),
        ]


def _pooled_by_columns_and_rows(graph: Graph, pool: NodeDef, source: str) -> list[NodeDef]:
    columns = copy_of(pool, name=free_name(graph, f"{pool.name}/columns"), inputs=[source])
    rows = copy_of(pool, inputs=[columns.name])
    for key in ("ksize", "strides"):
        columns.attr[key].list.i[2] = 1
        rows.attr[key].list.i[1] = 1
    return [columns, rows]


def _product(graph: Graph, first: _Linear, second: _Linear) -> tuple[NodeDef, NodeDef]:
    kernel = second.kernel.astype(np.float64)
    weights = first.kernel.astype(np.float64) @ kernel
    bias = first.bias.astype(np.float64) @ kernel + second.bias
    return (
        const(
            free_name(graph, f"{second.convolution.name}/composed_weights"),
            weights.astype(np.float32)[None, None],
        ),
        const(free_name(graph, f"{second.bias_add.name}/composed_bias"), bias.astype(np.float32)),
    )
