"""Windows that slide over images: convolutions, pools, dilations and patches, in any layout."""

from collections.abc import Sequence
from dataclasses import dataclass

from tensorboard.compat.proto.node_def_pb2 import NodeDef

from dlconv.graph.graph import attribute
from dlconv.graph.inferred import Extent, Shape
from dlconv.graph.shapes.extents import add, divided_up, multiply, same
from dlconv.graph.shapes.operations.sources import stated
from dlconv.graph.shapes.rules import gives_shape, gives_shapes
from dlconv.graph.shapes.static import Static


@dataclass(frozen=True)
class _Layout:
    """Which axes of an image are which."""

    channels: int
    spatial: tuple[int, ...]

    @property
    def rank(self) -> int:
        return len(self.spatial) + 2

    def shape(self, batch: Extent, spatial: Sequence[Extent], channels: Extent) -> Shape:
        """Return the shape of an image in this layout."""
        return (batch, channels, *spatial) if self.channels == 1 else (batch, *spatial, channels)

    def image(self, static: Static, node: NodeDef, index: int = 0) -> tuple[Extent, ...]:
        """Return the shape of a node's input. Raises ValueError if it is no image."""
        shape = static.shape(node, index)
        if shape is None:
            return (None,) * self.rank
        if len(shape) != self.rank:
            raise ValueError(f"{shape} is no image")
        return shape


def _layout(node: NodeDef, dimensions: int = 2) -> _Layout | None:
    """Return where a node's images have their channels; None for packed ones."""
    order = attribute(node, "data_format").s
    if order == b"NCHW_VECT_C":
        return None
    spatial = tuple(range(1, dimensions + 1))
    if order.startswith(b"NC"):
        return _Layout(1, tuple(axis + 1 for axis in spatial))
    return _Layout(dimensions + 1, spatial)


def _slid(
    node: NodeDef,
    image: Sequence[Extent],
    axis: int,
    size: Extent,
    stride: int | None = None,
    rate: int | None = None,
) -> Extent:
    """Return the extent of an axis after a window of ``size`` slides over it."""
    extent = image[axis]
    padding = attribute(node, "padding").s
    stride = attribute(node, "strides").list.i[axis] if stride is None else stride
    if padding == b"SAME":
        return divided_up(extent, stride)
    rates = attribute(node, "dilations").list.i
    rate = (rates[axis] if rates else 1) if rate is None else rate
    if not isinstance(size, int) or padding not in (b"EXPLICIT", b"VALID"):
        return None
    if padding == b"EXPLICIT":
        extent = add(extent, sum(attribute(node, "explicit_paddings").list.i[2 * axis :][:2]))
    return divided_up(add(extent, (1 - size) * rate), stride)


def _convolved(static: Static, node: NodeDef, dimensions: int, is_depthwise: bool = False) -> Shape:
    kernel = static.shape(node, 1)
    layout = _layout(node, dimensions)
    if layout is None:
        return (None,) * (dimensions + 3)
    image = layout.image(static, node)
    if kernel is None:
        kernel = (None,) * layout.rank
    channels = multiply(kernel[-2], kernel[-1]) if is_depthwise else kernel[-1]
    spatial = [_slid(node, image, axis, kernel[k]) for k, axis in enumerate(layout.spatial)]
    return layout.shape(image[0], spatial, channels)


@gives_shape("Conv2D _FusedConv2D")
def _conv(static: Static, node: NodeDef) -> Shape:
    return _convolved(static, node, 2)


@gives_shape("Conv3D")
def _conv_3d(static: Static, node: NodeDef) -> Shape:
    return _convolved(static, node, 3)


@gives_shape("DepthwiseConv2dNative FusedDepthwiseConv2dNative _FusedDepthwiseConv2dNative")
def _depthwise(static: Static, node: NodeDef) -> Shape:
    return _convolved(static, node, 2, is_depthwise=True)


@gives_shape("Conv2DBackpropInput DepthwiseConv2dNativeBackpropInput")
def _conv_backward(static: Static, node: NodeDef) -> Shape:
    return _convolved_backward(static, node, 2)


@gives_shape("Conv3DBackpropInputV2")
def _conv_3d_backward(static: Static, node: NodeDef) -> Shape:
    return _convolved_backward(static, node, 3)


def _convolved_backward(static: Static, node: NodeDef, dimensions: int) -> Shape:
    """Return the shape that is asked for; the batch is that of the gradients, too."""
    gradients = static.shape(node, 2)
    sizes = stated(static, node, 0)
    rank = dimensions + 2
    if sizes is None or len(sizes) != rank:
        sizes = (None,) * rank
    batch = None if gradients is None else gradients[0]
    return (same((sizes[0], batch)), *sizes[1:])


def _pooled(static: Static, node: NodeDef, dimensions: int) -> Shape:
    layout = _layout(node, dimensions)
    if layout is None:
        return (None,) * (dimensions + 3)
    sizes, strides = (list(attribute(node, key).list.i) for key in ("ksize", "strides"))
    return _windowed(node, layout.image(static, node), sizes, strides)


def _windowed(
    node: NodeDef, image: Sequence[Extent], sizes: Sequence[int], strides: Sequence[int]
) -> Shape:
    """Return the shape after a pool, which may pool channels as well."""
    windows = zip(sizes, strides, strict=True)
    return tuple(
        _slid(node, image, axis, size, stride, 1) for axis, (size, stride) in enumerate(windows)
    )


@gives_shape("AvgPool MaxPool")
def _pool(static: Static, node: NodeDef) -> Shape:
    return _pooled(static, node, 2)


@gives_shape("AvgPool3D MaxPool3D")
def _pool_3d(static: Static, node: NodeDef) -> Shape:
    return _pooled(static, node, 3)


@gives_shapes("MaxPoolWithArgmax")
def _pool_with_argmax(static: Static, node: NodeDef) -> Sequence[Shape]:
    shape = _pooled(static, node, 2)
    return shape, shape


@gives_shape("MaxPoolV2")
def _pool_by_values(static: Static, node: NodeDef) -> Shape:
    layout = _layout(node)
    if layout is None:
        return (None,) * 5
    sizes, strides = static.whole_value(node, 1), static.whole_value(node, 2)
    if sizes is None or strides is None:
        return (None,) * 4
    return _windowed(node, layout.image(static, node), sizes.tolist(), strides.tolist())


@gives_shape("Dilation2D")
def _dilation(static: Static, node: NodeDef) -> Shape:
    layout = _Layout(3, (1, 2))
    image = layout.image(static, node)
    kernel = static.shape(node, 1) or (None,) * 3
    strides, rates = attribute(node, "strides").list.i, attribute(node, "rates").list.i
    rows, columns = (
        _slid(node, image, axis, kernel[axis - 1], strides[axis], rates[axis]) for axis in (1, 2)
    )
    return (image[0], rows, columns, image[3])


@gives_shape("ExtractImagePatches")
def _patches(static: Static, node: NodeDef) -> Shape:
    return _all_patches(static, node, _Layout(3, (1, 2)))


@gives_shape("ExtractVolumePatches")
def _volume_patches(static: Static, node: NodeDef) -> Shape:
    return _all_patches(static, node, _Layout(4, (1, 2, 3)))


def _all_patches(static: Static, node: NodeDef, layout: _Layout) -> Shape:
    image = layout.image(static, node)
    sizes = attribute(node, "ksizes").list.i
    strides, rates = attribute(node, "strides").list.i, attribute(node, "rates").list.i
    depth: Extent = image[-1]
    extents: list[Extent] = [image[0]]
    for axis in layout.spatial:
        rate = rates[axis] if rates else 1
        extents.append(_slid(node, image, axis, sizes[axis], strides[axis], rate))
        depth = multiply(depth, sizes[axis])
    return (*extents, depth)


@gives_shape("ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor")
def _resize(static: Static, node: NodeDef) -> Shape:
    image = _Layout(3, (1, 2)).image(static, node)
    height, width = stated(static, node, 1) or (None, None)
    return (image[0], height, width, image[3])


@gives_shape("CropAndResize")
def _crop_and_resize(static: Static, node: NodeDef) -> Shape:
    boxes, of_boxes = static.shape(node, 1), static.shape(node, 2)
    count = same(shape[0] for shape in (boxes, of_boxes) if shape)
    height, width = stated(static, node, 3) or (None, None)
    image = static.shape(node, 0)
    return (count, height, width, None if image is None else image[3])


@gives_shape("ImageProjectiveTransformV2 ImageProjectiveTransformV3")
def _transform(static: Static, node: NodeDef) -> Shape:
    image = _Layout(3, (1, 2)).image(static, node)
    height, width = stated(static, node, 2) or (None, None)
    return (image[0], height, width, image[3])
