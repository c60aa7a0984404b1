"""What is known of a graph without running it: shapes, and the values of shape arithmetic.

A value is a small array of extents: what Shape, StridedSlice, Pack and simple arithmetic give. Two
extents that are equal symbols are equal in every run. Nothing is ever guessed: an op without a rule
yields nothing. What is inferred of a graph is stored with it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.graph.graph import MAX_RANK, Graph, attribute, is_nhwc
from dlconv.graph.inferred import Extent, Inferred, Shape
from dlconv.graph.readers import wanted_by
from dlconv.graph.tensors import array_of, dtype_name, extents_of, shape_of

T = TypeVar("T")

# How often readers are asked for what they tell of each other.
MOST_PASSES = 4
# Older versions of TensorFlow wrote a placeholder of any shape as they wrote a scalar
# (tensorflow/core/ops/array_ops.cc).
SCALARS_ARE_STATED_SINCE = 22
# Larger constants are not part of shape arithmetic.
MOST_VALUES = 64


@dataclass(frozen=True)
class Static:
    """A graph with what is inferred of it.

    ``values`` are object arrays of extents (floats where shape arithmetic passes through them).
    """

    graph: Graph
    inferred: Inferred

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every node's first output."""
        return self.inferred.shapes

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The values of the nodes whose first output shape arithmetic gives."""
        return self.inferred.values

    def shape(self, node: NodeDef, index: int) -> Shape:
        """Return the shape of a node's input."""
        return self.shapes.get(self._first_output(node, index))

    def value(self, node: NodeDef, index: int) -> np.ndarray | None:
        """Return the value of a node's input, None if it is not known as an array."""
        return self.values.get(self._first_output(node, index))

    def _first_output(self, node: NodeDef, index: int) -> str:
        """Return the node whose first output an input is; a name no node has for other outputs."""
        producer = self.graph.producer(node, index)
        return "" if self.graph.sources(node)[index].port else producer.name

    def whole_value(self, node: NodeDef, index: int) -> np.ndarray | None:
        """Return the value of a node's input if all of it is numbers."""
        value = self.value(node, index)
        is_known = value is not None and all(isinstance(item, int) for item in value.ravel())
        return value if is_known else None


def infer_static(graph: Graph, given: Mapping[str, Shape] | None = None) -> Static:
    """Infer shapes and values of all nodes: forward from the inputs, and once backward.

    The inputs of a concatenation agree in all other axes, so what is known of one is known of the
    others and of the nodes before them. Where a placeholder states no shape, its readers are asked
    first. ``given`` shapes, by node, are taken as they are. The result is stored with the graph,
    for each ``given``.
    """
    given = given or {}
    key = frozenset(given.items())
    if key not in graph.inferred:
        static = Static(graph, Inferred())
        _infer_forward(static, given)
        if _lacks_a_rank(static):
            _infer_ranks(static, given)
        if _infer_backward(static):
            _infer_forward(static, given)
        graph.inferred[key] = static.inferred
    return Static(graph, graph.inferred[key])


def _infer_forward(static: Static, given: Mapping[str, Shape]) -> None:
    for node in static.graph.order:
        shape = given.get(node.name) or _tried(_SHAPE_RULES.get(node.op), static, node)
        static.shapes[node.name] = _unified(_possible(shape), static.shapes.get(node.name))
        value = _tried(_VALUE_RULES.get(node.op), static, node)
        if value is not None and value.size <= MOST_VALUES:
            static.values[node.name] = value


def _lacks_a_rank(static: Static) -> bool:
    """Tell whether nothing is known of the shape of a placeholder."""
    return any(
        node.op == "Placeholder" and static.shapes[node.name] is None
        for node in static.graph.nodes.values()
    )


def _infer_ranks(static: Static, given: Mapping[str, Shape]) -> None:
    for _ in range(MOST_PASSES):
        if not _ask_readers(static):
            break
        _infer_forward(static, given)
    scalars = [node.name for node in static.graph.nodes.values() if _may_be_scalar(static, node)]
    if scalars:
        static.shapes.update(dict.fromkeys(scalars, ()))
        _infer_forward(static, given)


def _may_be_scalar(static: Static, node: NodeDef) -> bool:
    """Tell whether a placeholder that an old TensorFlow wrote is a scalar for all that is known."""
    return (
        node.op == "Placeholder"
        and static.shapes[node.name] is None
        and extents_of(attribute(node, "shape").shape) == ()
    )


def _ask_readers(static: Static) -> bool:
    """Give nodes of unknown rank the shapes that their readers take; tell whether any got one."""
    unknown = {name for name, shape in static.shapes.items() if shape is None}
    for node in reversed(static.graph.order):
        for index, shape in wanted_by(static, node):
            source = static.graph.sources(node)[index]
            if source.port == 0 and source.node in unknown and shape is not None:
                static.shapes[source.node] = _unified(static.shapes[source.node], shape)
        if node.op == "Placeholder" and node.name in unknown:
            static.shapes[node.name] = _with_symbols(node, static.shapes[node.name])
    return any(static.shapes[name] is not None for name in unknown)


def _with_symbols(node: NodeDef, shape: Shape) -> Shape:
    """Return the shape of a placeholder with symbols for the extents that vary."""
    if shape is None:
        return None
    return tuple(
        f"{node.name}[{k}]" if extent is None else extent for k, extent in enumerate(shape)
    )


def _infer_backward(static: Static) -> bool:
    """Give known extents of outputs to inputs that share them; tell whether any was new."""
    is_new = False
    for node in reversed(static.graph.order):
        shape = static.shapes[node.name]
        axes = _shared_axes(static, node)
        if shape is None or not axes:
            continue
        for source in static.graph.sources(node)[: 1 if node.op != "ConcatV2" else -1]:
            before = static.shapes[source.node]
            if source.port or before is None or len(before) != len(shape):
                continue
            completed = tuple(
                shape[axis] if axis in axes and extent is None else extent
                for axis, extent in enumerate(before)
            )
            is_new = is_new or completed != before
            static.shapes[source.node] = completed
    return is_new


def _shared_axes(static: Static, node: NodeDef) -> set[int]:
    """Return the axes along which the extents of a node's output and input are always equal."""
    if node.op in _SAME_SHAPE_OPS:
        return {0, 1, 2, 3}
    if node.op in ("Conv2D", "DepthwiseConv2dNative"):
        strides = list(attribute(node, "strides").list.i)
        return {1, 2} if attribute(node, "padding").s == b"SAME" and set(strides) == {1} else set()
    count = len(static.graph.sources(node))
    axis = static.value(node, count - 1) if node.op == "ConcatV2" and count else None
    return {0, 1, 2, 3} - {axis.item()} if axis is not None and axis.ndim == 0 else set()


def _possible(shape: Shape) -> Shape:
    """Return a shape with None for impossible extents, which invalid graphs may give."""
    if shape is None or len(shape) > MAX_RANK:
        return None
    return tuple(
        None if isinstance(extent, int) and not 0 <= extent < 2**63 else extent for extent in shape
    )


def _unified(first: Shape, second: Shape) -> Shape:
    if first is None or second is None or len(first) != len(second):
        return second if first is None else first
    return tuple(b if a is None else a for a, b in zip(first, second, strict=True))


def numbers_of(shape: Shape) -> tuple[int | None, ...] | None:
    """Return a shape with None for every extent that is not a number."""
    if shape is None:
        return None
    return tuple(extent if isinstance(extent, int) else None for extent in shape)


def _tried(
    rule: "Callable[[Static, NodeDef], T] | None", static: Static, node: NodeDef
) -> T | None:
    if rule is None:
        return None
    try:
        return rule(static, node)
    except (DlconvError, ArithmeticError, IndexError, TypeError, ValueError):
        return None  # the inputs do not fit the op


# Shapes


def _same(static: Static, node: NodeDef) -> Shape:
    return static.shape(node, 0)


def _placeholder(static: Static, node: NodeDef) -> Shape:
    shape = attribute(node, "shape").shape
    if shape.unknown_rank:
        return None
    if not shape.dim and static.graph.versions.producer < SCALARS_ARE_STATED_SINCE:
        return None
    return _with_symbols(node, extents_of(shape))


def _const(static: Static, node: NodeDef) -> Shape:
    return shape_of(attribute(node, "value").tensor)


def _slice(static: Static, node: NodeDef) -> Shape:
    sizes = static.value(node, 2)
    begin = static.value(node, 1)
    if sizes is not None:
        return tuple(None if size == -1 else size for size in sizes)
    return None if begin is None else (None,) * len(begin)


def _squeeze(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    axes = list(attribute(node, "squeeze_dims").list.i)
    if shape is None or not (axes or all(isinstance(extent, int) for extent in shape)):
        return None
    gone = {axis % len(shape) for axis in axes}
    gone = gone or {axis for axis, extent in enumerate(shape) if extent == 1}
    return tuple(extent for axis, extent in enumerate(shape) if axis not in gone)


def _expand_dims(static: Static, node: NodeDef) -> Shape:
    shape, axis = static.shape(node, 0), static.whole_value(node, 1)
    if shape is None or axis is None:
        return None
    at = int(axis.item()) % (len(shape) + 1)
    return (*shape[:at], 1, *shape[at:])


def _arg_max(static: Static, node: NodeDef) -> Shape:
    shape, axis = static.shape(node, 0), static.whole_value(node, 1)
    if not shape or axis is None:
        return None
    at = int(axis.item()) % len(shape)
    return shape[:at] + shape[at + 1 :]


def _resize(static: Static, node: NodeDef) -> Shape:
    batch, _, _, channels = static.shape(node, 0) or (None,) * 4
    size = static.value(node, 1)
    height, width = (None, None) if size is None else size
    return (batch, height, width, channels)


def _conv(static: Static, node: NodeDef) -> Shape:
    if not is_nhwc(node):
        return None
    batch, height, width, _ = static.shape(node, 0) or (None,) * 4
    kernel = static.shape(node, 1)
    if kernel is None:
        return None
    rows, columns = (
        _window(node, axis, extent, kernel[axis - 1]) for axis, extent in ((1, height), (2, width))
    )
    return (batch, rows, columns, kernel[3])


def _depthwise(static: Static, node: NodeDef) -> Shape:
    convolved = _conv(static, node)
    kernel = static.shape(node, 1)
    if convolved is None or kernel is None:
        return None
    is_known = isinstance(kernel[2], int) and isinstance(kernel[3], int)
    return (*convolved[:3], kernel[2] * kernel[3] if is_known else None)  # type: ignore[operator]


def _pool(static: Static, node: NodeDef) -> Shape:
    if not is_nhwc(node):
        return None
    batch, height, width, channels = static.shape(node, 0) or (None,) * 4
    sizes = attribute(node, "ksize").list.i
    return (
        batch,
        _window(node, 1, height, sizes[1]),
        _window(node, 2, width, sizes[2]),
        channels,
    )


def _mean(static: Static, node: NodeDef) -> Shape:
    shape, axes = static.shape(node, 0), static.whole_value(node, 1)
    if shape is None or axes is None:
        return None
    gone = {int(axis) % len(shape) for axis in axes.ravel()}
    if attribute(node, "keep_dims").b:
        return tuple(1 if axis in gone else extent for axis, extent in enumerate(shape))
    return tuple(extent for axis, extent in enumerate(shape) if axis not in gone)


def _mat_mul(static: Static, node: NodeDef) -> Shape:
    first, second = static.shape(node, 0), static.shape(node, 1)
    if first is None or second is None:
        return None
    rows, columns = attribute(node, "transpose_a").b, not attribute(node, "transpose_b").b
    return (first[int(rows)], second[int(columns)])


def _reshape(static: Static, node: NodeDef) -> Shape:
    shape, target = static.shape(node, 0), static.whole_value(node, 1)
    if target is None:
        return None
    extents = [int(extent) for extent in target]
    if -1 not in extents:
        return tuple(extents)
    numbers = numbers_of(shape)
    given = math.prod(extent for extent in extents if extent != -1)
    if numbers is None or None in numbers or not given:
        return tuple(None if extent == -1 else extent for extent in extents)
    rest = math.prod(numbers) // given  # type: ignore[arg-type]
    return tuple(rest if extent == -1 else extent for extent in extents)


def _window(node: NodeDef, axis: int, extent: Any, size: Any) -> Any:
    """Return the extent after a window slides over it (NHWC, SAME or VALID)."""
    stride = attribute(node, "strides").list.i[axis]
    rates = attribute(node, "dilations").list.i
    rate = rates[axis] if rates else 1
    if attribute(node, "padding").s == b"SAME":
        if stride == 1:
            return extent
        return math.ceil(extent / stride) if isinstance(extent, int) else None
    if attribute(node, "padding").s != b"VALID" or not isinstance(extent, int):
        return None
    return math.ceil((extent - (int(size or 0) - 1) * rate) / stride)


def _pad(static: Static, node: NodeDef) -> Shape:
    shape, paddings = static.shape(node, 0), static.value(node, 1)
    if shape is None or paddings is None:
        return None
    return tuple(
        _add(_add(extent, pads[0]), pads[1]) for extent, pads in zip(shape, paddings, strict=True)
    )


def _space_to_batch(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    blocks, paddings = static.whole_value(node, 1), static.whole_value(node, 2)
    if shape is None or blocks is None or paddings is None:
        return None if shape is None else (None,) * len(shape)
    spatial = [
        (extent + sum(pads)) // block if isinstance(extent, int) else None
        for extent, pads, block in zip(shape[1:3], paddings, blocks, strict=True)
    ]
    batch = shape[0] * int(np.prod(blocks)) if isinstance(shape[0], int) else None
    return (batch, *spatial, *shape[3:])


def _batch_to_space(static: Static, node: NodeDef) -> Shape:
    shape = static.shape(node, 0)
    blocks, crops = static.whole_value(node, 1), static.whole_value(node, 2)
    if shape is None or blocks is None or crops is None:
        return None if shape is None else (None,) * len(shape)
    spatial = [
        extent * block - sum(crop) if isinstance(extent, int) else None
        for extent, crop, block in zip(shape[1:3], crops, blocks, strict=True)
    ]
    batch = shape[0] // int(np.prod(blocks)) if isinstance(shape[0], int) else None
    return (batch, *spatial, *shape[3:])


def _concat(static: Static, node: NodeDef) -> Shape:
    count = len(static.graph.sources(node)) - 1
    shapes = [static.shape(node, index) for index in range(count)]
    axis = static.whole_value(node, count)
    known = [shape for shape in shapes if shape is not None]
    if not known or axis is None:
        return None
    at = int(axis.item()) % len(known[0])
    extents: list[Extent] = [
        next((shape[i] for shape in known if shape[i] is not None), None)
        for i in range(len(known[0]))
    ]
    along = [shape[at] for shape in known]
    is_whole = len(known) == count and all(isinstance(extent, int) for extent in along)
    extents[at] = sum(along) if is_whole else None  # type: ignore[arg-type]
    return tuple(extents)


def _broadcast(static: Static, node: NodeDef) -> Shape:
    first, second = static.shape(node, 0), static.shape(node, 1)
    if first is None or second is None:
        return None
    rank = max(len(first), len(second))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (first, second)]
    return tuple(_broadcast_extent(a, b) for a, b in zip(*padded, strict=True))


def _broadcast_extent(a: Extent, b: Extent) -> Extent:
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    return next((extent for extent in (a, b) if isinstance(extent, int)), None)


# Values


def _const_value(static: Static, node: NodeDef) -> np.ndarray | None:
    tensor = attribute(node, "value").tensor
    is_number = dtype_name(tensor.dtype) in ("int32", "int64", "float32")
    if not is_number or math.prod(shape_of(tensor)) > MOST_VALUES:
        return None
    return _objects(array_of(tensor).tolist())


def _shape_value(static: Static, node: NodeDef) -> np.ndarray | None:
    shape = static.shape(node, 0)
    return None if shape is None else _objects(list(shape))


def _same_value(static: Static, node: NodeDef) -> np.ndarray | None:
    return static.value(node, 0)


def _cast_value(static: Static, node: NodeDef) -> np.ndarray | None:
    value = static.value(node, 0)
    target = dtype_name(attribute(node, "DstT").type)
    if value is None or target not in ("int32", "int64", "float32"):
        return None
    convert: Callable[[Any], Any] = float if target == "float32" else int
    return _mapped(lambda v: _fitted(convert(v), target) if _is_number(v) else v, value)


def _pack_value(static: Static, node: NodeDef) -> np.ndarray | None:
    count = len(static.graph.sources(node))
    if attribute(node, "axis").i != 0 or count > MOST_VALUES:
        return None
    parts = [static.value(node, index) for index in range(count)]
    if all(part is None for part in parts):
        return None
    shape = next(part.shape for part in parts if part is not None)
    unknown = np.full(shape, None, object)
    return np.stack([unknown if part is None else part for part in parts])


def _strided_slice_value(static: Static, node: NodeDef) -> np.ndarray | None:
    value = static.value(node, 0)
    bounds = [static.whole_value(node, index) for index in (1, 2, 3)]
    if value is None or value.ndim != 1 or any(bound is None for bound in bounds):
        return None
    if any(attribute(node, mask).i for mask in ("ellipsis_mask", "new_axis_mask")):
        return None
    begin, end, stride = (int(bound[0]) for bound in bounds if bound is not None)
    if attribute(node, "shrink_axis_mask").i & 1:
        return np.array(value[begin], object)
    first = None if attribute(node, "begin_mask").i & 1 else begin
    last = None if attribute(node, "end_mask").i & 1 else end
    return value[first:last:stride]


def _binary_value(
    combine: Callable[[Any, Any], Any],
) -> Callable[[Static, NodeDef], np.ndarray | None]:
    def rule(static: Static, node: NodeDef) -> np.ndarray | None:
        first, second = static.value(node, 0), static.value(node, 1)
        if first is None or second is None or first.size * second.size > MOST_VALUES**2:
            return None
        a, b = np.broadcast_arrays(first, second)
        data_type = dtype_name(attribute(node, "T").type)
        results = [
            _fitted(combine(x, y), data_type) for x, y in zip(a.ravel(), b.ravel(), strict=True)
        ]
        return _objects(results).reshape(a.shape)

    return rule


def _add(a: Any, b: Any) -> Any:
    if _is_number(a) and _is_number(b):
        return a + b
    return b if a == 0 else a if b == 0 else None


def _subtract(a: Any, b: Any) -> Any:
    if _is_number(a) and _is_number(b):
        return a - b
    if isinstance(a, str) and a == b:
        return 0
    return a if b == 0 else None


def _multiply(a: Any, b: Any) -> Any:
    if _is_number(a) and _is_number(b):
        return a * b
    return b if a == 1 else a if b == 1 else None


def _maximum(a: Any, b: Any) -> Any:
    if _is_number(a) and _is_number(b):
        return max(a, b)
    return a if a == b else None


def _fitted(value: Any, data_type: str) -> Any:
    """Return a result as its type holds it: a rounded float32, None for integers that wrap."""
    if isinstance(value, float):
        with np.errstate(over="ignore"):
            return float(np.float32(value))
    bits = 63 if data_type == "int64" else 31
    fits = not isinstance(value, int) or -(2**bits) <= value < 2**bits
    return value if fits else None


def _is_number(extent: object) -> bool:
    return isinstance(extent, int | float)


def _mapped(function: Callable[[Any], Any], value: np.ndarray) -> np.ndarray:
    return _objects([function(item) for item in value.ravel()]).reshape(value.shape)


def _objects(items: object) -> np.ndarray:
    return np.array(items, dtype=object)


_SAME_SHAPE_OPS = frozenset(
    {"BiasAdd", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "Identity"}
    | {"Relu", "Relu6", "Sigmoid", "Softmax"}
)

_SHAPE_RULES: dict[str, Callable[[Static, NodeDef], Shape]] = {
    "Add": _broadcast,
    "AddV2": _broadcast,
    "ArgMax": _arg_max,
    "AvgPool": _pool,
    "BatchToSpaceND": _batch_to_space,
    "BiasAdd": _same,
    "Cast": _same,
    "ConcatV2": _concat,
    "Const": _const,
    "Conv2D": _conv,
    "DepthwiseConv2dNative": _depthwise,
    "ExpandDims": _expand_dims,
    "FusedBatchNorm": _same,
    "FusedBatchNormV2": _same,
    "FusedBatchNormV3": _same,
    "FusedDepthwiseConv2dNative": _depthwise,
    "Identity": _same,
    "MatMul": _mat_mul,
    "MaxPool": _pool,
    "Maximum": _broadcast,
    "Mean": _mean,
    "Minimum": _broadcast,
    "Mul": _broadcast,
    "Pad": _pad,
    "Placeholder": _placeholder,
    "RealDiv": _broadcast,
    "Relu": _same,
    "Relu6": _same,
    "Reshape": _reshape,
    "ResizeArea": _resize,
    "ResizeBicubic": _resize,
    "ResizeBilinear": _resize,
    "ResizeNearestNeighbor": _resize,
    "Rsqrt": _same,
    "Sigmoid": _same,
    "Slice": _slice,
    "Softmax": _same,
    "SpaceToBatchND": _space_to_batch,
    "Squeeze": _squeeze,
    "Sub": _broadcast,
    "_FusedConv2D": _conv,
}

_VALUE_RULES: dict[str, Callable[[Static, NodeDef], np.ndarray | None]] = {
    "Add": _binary_value(_add),
    "AddV2": _binary_value(_add),
    "Cast": _cast_value,
    "Const": _const_value,
    "Identity": _same_value,
    "Maximum": _binary_value(_maximum),
    "Mul": _binary_value(_multiply),
    "Pack": _pack_value,
    "Shape": _shape_value,
    "StridedSlice": _strided_slice_value,
    "Sub": _binary_value(_subtract),
}
