"""What nodes tell of the shapes of what they read.

A placeholder may state no shape, not even how many axes it has. Its readers show it: a convolution
takes four axes, and its kernel says how many channels; what computes element by element has the
axes of what it gives. The extents that no reader tells stay unknown. A convolution is taken to be
one of all channels: nothing shows that the kernel of one in groups takes a part of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.errors import DlconvError
from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape

if TYPE_CHECKING:
    from dlconv.graph.shapes import Static

# The index of an input, and its shape.
Wanted = tuple[int, Shape]
Rule = Callable[["Static", NodeDef], Iterable[Wanted]]


def wanted_by(static: "Static", node: NodeDef) -> list[Wanted]:
    """Return which inputs have which shapes, as far as the node and what it gives tell."""
    rule = _RULES.get(node.op)
    if rule is None:
        return []
    inputs = range(len(static.graph.sources(node)))
    try:
        return [wanted for wanted in rule(static, node) if wanted[0] in inputs]
    except (DlconvError, ArithmeticError, IndexError, TypeError, ValueError):
        return []  # the inputs do not fit the op


def _image(node: NodeDef, channels: Extent = None, axes: int = 4) -> Shape:
    """Return the shape of an image of so many channels, wherever the node has them."""
    order = attribute(node, "data_format").s
    if order == b"NCHW_VECT_C":
        return (None,) * (axes + 1)
    others = (None,) * (axes - 2)
    return (None, channels, *others) if order.startswith(b"NC") else (None, *others, channels)


def _extent(shape: Shape, axis: int) -> Extent:
    return None if shape is None else shape[axis]


def _by_kernel(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    kernel = static.shape(node, 1)
    axes = len(kernel) if kernel else 5 if node.op == "Conv3D" else 4
    yield 0, _image(node, _extent(kernel, -2), axes)


def _by_window(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    """Depthwise convolutions and dilations, whose kernels have their channels third."""
    yield 0, _image(node, _extent(static.shape(node, 1), 2))


def _by_kernel_backward(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    kernel = static.shape(node, 1)
    yield 2, _image(node, _extent(kernel, -1), len(kernel) if kernel else 4)


def _by_scale(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    axes = 5 if attribute(node, "data_format").s in (b"NDHWC", b"NCDHW") else 4
    yield 0, _image(node, _extent(static.shape(node, 1), 0), axes)


def _of_image(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    yield 0, _image(node)


def _of_volume(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    yield 0, _image(node, axes=5)


def _of_boxes(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    yield from ((0, _image(node)), (1, (None, 4)), (2, (None,)))


def _of_rows(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    inner = _extent(static.shape(node, 1), int(attribute(node, "transpose_b").b))
    yield 0, ((inner, None) if attribute(node, "transpose_a").b else (None, inner))


def _same(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    yield 0, static.shapes[node.name]


def _all_the_same(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    count = len(static.graph.sources(node))
    known = (static.shape(node, index) for index in range(count))
    shape = static.shapes[node.name] or next((each for each in known if each is not None), None)
    yield from ((index, shape) for index in range(count))


def _broadcast(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    """An input has all axes of the output if the other one has fewer."""
    shape = static.shapes[node.name]
    for index, other in ((0, static.shape(node, 1)), (1, static.shape(node, 0))):
        if shape is None or other is None or len(other) >= len(shape):
            continue
        wide = (1,) * (len(shape) - len(other)) + other
        yield (
            index,
            tuple(
                extent if extent == 1 or beside == 1 else None
                for extent, beside in zip(shape, wide, strict=True)
            ),
        )


def _by_blocks(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    shape, blocks = static.shapes[node.name], static.shape(node, 1)
    if shape is None:
        return
    count = _extent(blocks, 0)
    others = shape[1 + count :] if isinstance(count, int) else ()
    yield 0, (None,) * (len(shape) - len(others)) + others


def _padded(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    shape, pads = static.shapes[node.name], static.value(node, 1)
    count = _extent(static.shape(node, 1), 0)
    axes = len(shape) if shape is not None else count
    if not isinstance(axes, int):
        return
    if shape is None or pads is None:
        yield 0, (None,) * axes
        return
    yield 0, tuple(_without(extent, *pair) for extent, pair in zip(shape, pads, strict=True))


def _without(extent: Extent, before: object, behind: object) -> Extent:
    if before == 0 and behind == 0:
        return extent
    are_known = all(isinstance(item, int) for item in (extent, before, behind))
    return extent - before - behind if are_known else None  # type: ignore[operator]


def _cut(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    count = _extent(static.shape(node, 1), 0)
    if isinstance(count, int):
        yield 0, (None,) * count


def _strided(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    """A slice that keeps all axes, and the extents of those that it takes whole, or turned."""
    shape, steps = static.shapes[node.name], static.whole_value(node, 3)
    begin, end, ellipsis, new, shrink = (
        attribute(node, f"{key}_mask").i
        for key in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    )
    if shape is None or new or shrink:
        return
    if steps is None:
        yield 0, (None,) * len(shape)
        return
    are_whole = [(begin & end) >> k & 1 and abs(step) == 1 for k, step in enumerate(steps)]
    at = ellipsis.bit_length() - 1 if ellipsis else len(are_whole)
    are_whole[at : at + 1] = [True] * (len(shape) - len(are_whole) + bool(ellipsis))
    yield 0, tuple(e if whole else None for e, whole in zip(shape, are_whole, strict=True))


def _transposed(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    perm, shape = static.whole_value(node, 1), static.shapes[node.name]
    if perm is None:
        return
    axes = [int(axis) % len(perm) for axis in perm]
    extents = (None,) * len(axes) if shape is None else shape
    yield 0, tuple(extents[axes.index(axis)] for axis in range(len(axes)))


def _expanded(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    axis, shape = static.whole_value(node, 1), static.shapes[node.name]
    if axis is not None and shape is not None:
        yield 0, _without_axes(shape, [int(axis.item())])


def _packed(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    shape = static.shapes[node.name]
    if shape is None:
        return
    part = _without_axes(shape, [attribute(node, "axis").i])
    yield from ((index, part) for index in range(len(static.graph.sources(node))))


def _without_axes(shape: tuple[Extent, ...], axes: Sequence[int]) -> Shape:
    gone = {axis % len(shape) for axis in axes}
    return tuple(extent for axis, extent in enumerate(shape) if axis not in gone)


def _squeezed(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    shape, axes = static.shapes[node.name], list(attribute(node, "squeeze_dims").list.i)
    if shape is not None and axes:
        yield 0, _with_axes(shape, axes, 1)


def _reduced(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    shape, value = static.shapes[node.name], static.whole_value(node, 1)
    if shape is None or value is None:
        return
    axes = [int(axis) for axis in value.ravel()]
    if attribute(node, "keep_dims").b:
        shape = _without_axes(shape, axes) or ()
    yield 0, _with_axes(shape, axes, None)


def _with_axes(shape: tuple[Extent, ...], axes: Sequence[int], extent: Extent) -> Shape:
    """Return a shape with more axes, numbered as they are in the result."""
    rank = len(shape) + len(axes)
    new, others = {axis % rank for axis in axes}, iter(shape)
    return tuple(extent if axis in new else next(others) for axis in range(rank))


def _joined(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    """The inputs of a concatenation agree with it, and with each other, in all other axes."""
    count = len(static.graph.sources(node))
    at, inputs = (0, range(1, count)) if node.op == "Concat" else (count - 1, range(count - 1))
    axis = static.whole_value(node, at)
    shapes = [static.shapes[node.name], *(static.shape(node, index) for index in inputs)]
    known = next((shape for shape in shapes if shape is not None), None)
    if axis is not None and known is not None:
        yield from ((index, _but(known, int(axis.item()))) for index in inputs)


def _split(static: "Static", node: NodeDef) -> Iterator[Wanted]:
    axis_at, input_at = (0, 1) if node.op == "Split" else (2, 0)
    axis, shape = static.whole_value(node, axis_at), static.shapes[node.name]
    if axis is not None and shape is not None:
        yield input_at, _but(shape, int(axis.item()))


def _but(shape: tuple[Extent, ...], axis: int) -> Shape:
    """Return a shape with an axis of unknown extent."""
    return tuple(None if k == axis % len(shape) else extent for k, extent in enumerate(shape))


def _rules(rule: Rule, ops: str) -> dict[str, Rule]:
    return dict.fromkeys(ops.split(), rule)


_RULES: dict[str, Rule] = {
    **_rules(_by_kernel, "Conv2D Conv3D _FusedConv2D"),
    **_rules(_by_window, "DepthwiseConv2dNative Dilation2D FusedDepthwiseConv2dNative"),
    **_rules(_by_kernel_backward, "Conv2DBackpropInput Conv3DBackpropInputV2"),
    **_rules(_by_scale, "FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3"),
    **_rules(
        _of_image,
        "AvgPool DepthToSpace ExtractImagePatches LRN MaxPool MaxPoolV2 MaxPoolWithArgmax"
        " ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor SpaceToDepth",
    ),
    **_rules(_of_volume, "AvgPool3D MaxPool3D"),
    **_rules(_of_boxes, "CropAndResize"),
    **_rules(_of_rows, "MatMul"),
    **_rules(
        _same,
        "Abs BiasAdd Cast Ceil CheckNumerics Elu EnsureShape Erf Exp FakeQuantWithMinMaxArgs"
        " FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Floor Identity LeakyRelu Log"
        " LogSoftmax LogicalNot Neg OnesLike PreventGradient Reciprocal Relu Relu6 Reverse"
        " ReverseV2 Rint Round Rsqrt Selu Sigmoid Sign Snapshot Softmax Softplus Softsign Sqrt"
        " Square StopGradient Tanh ZerosLike",
    ),
    **_rules(_all_the_same, "AddN"),
    **_rules(
        _broadcast,
        "Add AddV2 Div DivNoNan FloorDiv FloorMod Maximum Minimum Mul Pow RealDiv"
        " SquaredDifference Sub",
    ),
    **_rules(_by_blocks, "BatchToSpaceND SpaceToBatchND"),
    **_rules(_padded, "MirrorPad Pad PadV2"),
    **_rules(_cut, "Slice"),
    **_rules(_strided, "StridedSlice"),
    **_rules(_transposed, "Transpose"),
    **_rules(_expanded, "ExpandDims"),
    **_rules(_packed, "Pack"),
    **_rules(_squeezed, "Squeeze"),
    **_rules(_reduced, "All Any Max Mean Min Prod Sum"),
    **_rules(_joined, "Concat ConcatV2"),
    **_rules(_split, "Split SplitV"),
}
