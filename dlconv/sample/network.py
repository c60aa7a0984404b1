"""The sample model's network: DeepLabV3 on a narrow MobileNetV2, in the form the zoo exports.

``logits`` is the one definition of the network. What differs between training and export is passed
in as ``Layers``: where the parameters come from and how batch normalization runs. ``export``
surrounds it with the same nodes, under the same names, as a frozen graph of the DeepLab zoo: photo
in at its own size, resize, pad to the crop, scale; then logits at the crop, crop back, labels out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

INPUT = "ImageTensor"
OUTPUT = "SemanticPredictions"
MEAN_PIXEL = 127.5
PIXEL_SCALE = 2 / 255
EPSILON = 1e-3
PRODUCER = 26
UNKNOWN_TO_PRODUCER = (
    "explicit_paddings",
    "exponential_avg_factor",
    "half_pixel_centers",
    "Truncate",
)
"""Attributes TensorFlow writes today, here at their defaults, and did not at ``PRODUCER``."""


@dataclass(frozen=True)
class Block:
    """An inverted residual: expansion factor, output channels, stride and atrous rate."""

    expansion: int
    channels: int
    stride: int = 1
    rate: int = 1


BLOCKS = (
    Block(1, 8),
    Block(6, 16, stride=2),
    Block(6, 16),
    Block(6, 16, stride=2),
    *[Block(6, 16)] * 2,
    Block(6, 24),
    *[Block(4, 24, rate=2)] * 3,
    *[Block(4, 32, rate=2)] * 3,
    Block(3, 40, rate=2),
    *[Block(3, 40, rate=4)] * 2,
    Block(3, 64, rate=4),
)
"""The 17 blocks of MobileNetV2 at output stride 8."""


@dataclass(frozen=True)
class Design:
    """The sizes of a network; ``crop`` is one more than a multiple of 8."""

    classes: int
    crop: int = 129
    stem: int = 16
    blocks: tuple[Block, ...] = BLOCKS
    head: int = 64

    @property
    def feature_size(self) -> int:
        """Return the side of the feature map: the crop at output stride 8."""
        return (self.crop - 1) // 8 + 1


class Layers(Protocol):
    """What training and export do differently; tensors are float32 NHWC."""

    def parameter(self, name: str, shape: tuple[int, ...]) -> Any:
        """Return the tensor of the parameter of this name and shape."""

    def batch_norm(self, features: Any, scope: str) -> Any:
        """Return the features normalized over all axes but the last, in their shape."""


@dataclass(frozen=True)
class FrozenLayers:
    """Layers with fixed values, as a frozen graph has them: a Const and its read for each."""

    values: Mapping[str, NDArray[np.float32]]

    def parameter(self, name: str, shape: tuple[int, ...]) -> Any:
        """Return the read of a Const that holds the value of this name."""
        import tensorflow as tf

        value = self.values[name]
        if value.shape != shape:
            raise ValueError(f"{name} has shape {value.shape}, the network needs {shape}")
        return tf.raw_ops.Identity(input=_const(value, name), name=f"{name}/read")

    def batch_norm(self, features: Any, scope: str) -> Any:
        """Return the features normalized by the stored moments."""
        import tensorflow as tf

        shape = (features.shape[-1],)
        gamma, beta, mean, variance = (
            self.parameter(f"{scope}/{part}", shape)
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return tf.raw_ops.FusedBatchNorm(
            x=features,
            scale=gamma,
            offset=beta,
            mean=mean,
            variance=variance,
            epsilon=EPSILON,
            is_training=False,
            name=f"{scope}/FusedBatchNorm",
        ).y


def logits(pixels: Any, design: Design, layers: Layers) -> Any:
    """Return float32 logits [N, crop, crop, classes] of scaled pixels [N, crop, crop, 3]."""
    import tensorflow as tf

    side = design.feature_size
    features = _conv(layers, "MobilenetV2/Conv", pixels, design.stem, "Relu6", kernel=3, stride=2)
    for index, block in enumerate(design.blocks):
        scope = "MobilenetV2/expanded_conv" + (f"_{index}" if index else "")
        features = _inverted_residual(layers, scope, features, block, side)
    pooled = tf.raw_ops.AvgPool(
        value=features,
        ksize=[1, side, side, 1],
        strides=[1, 1, 1, 1],
        padding="VALID",
        name="AvgPool2D/AvgPool",
    )
    pooled = _conv(layers, "image_pooling", pooled, design.head, "Relu")
    pooled = _resize(pooled, _const([side, side], "ResizeBilinear_1/size"), "ResizeBilinear_1")
    local = _conv(layers, "aspp0", features, design.head, "Relu")
    both = tf.raw_ops.ConcatV2(values=[pooled, local], axis=_const(3, "concat/axis"), name="concat")
    both = _conv(layers, "concat_projection", both, design.head, "Relu")
    both = tf.raw_ops.Identity(input=both, name="concat_projection_dropout/Identity")
    scores = _convolve(layers, "logits/semantic", both, design.classes)
    bias = layers.parameter("logits/semantic/biases", (design.classes,))
    scores = tf.raw_ops.BiasAdd(value=scores, bias=bias, name="logits/semantic/BiasAdd")
    scores = _resize(scores, _const([side, side], "ResizeBilinear_2/size"), "ResizeBilinear_2")
    shape = _const([1, design.crop, design.crop, 3], "Shape_4")
    return _resize(scores, _slice(shape, 1, 3, "strided_slice_5"), "ResizeBilinear_3")


def export(design: Design, values: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return the serialized frozen GraphDef of a network with these parameter values.

    It takes ``ImageTensor``, uint8 [1, H, W, 3] with H and W up to the crop, and gives
    ``SemanticPredictions``, int64 [1, H, W].
    """
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        photo = tf.compat.v1.placeholder(tf.uint8, [1, None, None, 3], name=INPUT)
        shape = tf.raw_ops.Shape(input=photo, name="Shape")
        size = _slice(shape, 1, 3, "strided_slice")
        pixels = _to_crop(_resized(photo), design.crop)
        labels = tf.raw_ops.ArgMax(
            input=logits(pixels, design, FrozenLayers(values)),
            dimension=_const(3, "ArgMax/dimension"),
            name="ArgMax",
        )
        _crop_back(labels, size)
    definition = graph.as_graph_def()
    definition.versions.Clear()
    definition.versions.producer = PRODUCER
    for node in definition.node:
        for attribute in UNKNOWN_TO_PRODUCER:
            node.attr.pop(attribute, None)
    return bytes(definition.SerializeToString(deterministic=True))


def _resized(photo: Any) -> Any:
    """Return the photo, uint8 [1, H, W, 3], as float32 [H, W, 3], resized by a factor of 1."""
    import tensorflow as tf

    image = tf.raw_ops.Squeeze(input=photo, axis=[0], name="Squeeze")
    image = tf.raw_ops.Cast(x=image, DstT=tf.float32, name="ToFloat")
    shape = tf.raw_ops.Shape(input=image, name="Shape_1")
    height = _pick(shape, 0, "strided_slice_1")
    width = _pick(shape, 1, "strided_slice_2")
    size = tf.raw_ops.Pack(values=[height, width], name="stack")
    size = tf.raw_ops.Cast(x=size, DstT=tf.float32, name="Cast")
    size = tf.raw_ops.Mul(x=size, y=_const(np.float32(1), "Const"), name="mul")
    size = tf.raw_ops.Cast(x=size, DstT=tf.int32, name="ToInt32")
    image = _expand_dims(image, "ExpandDims")
    image = _resize(image, size, "ResizeBilinear")
    return tf.raw_ops.Squeeze(input=image, axis=[0], name="Squeeze_1")


def _to_crop(image: Any, crop: int) -> Any:
    """Return the image, float32 [H, W, 3], padded and scaled to -1..1: [1, crop, crop, 3]."""
    import tensorflow as tf

    height = _pick(tf.raw_ops.Shape(input=image, name="Shape_2"), 0, "strided_slice_3")
    width = _pick(tf.raw_ops.Shape(input=image, name="Shape_3"), 1, "strided_slice_4")
    target_height = _at_least(height, crop, "sub", "Maximum", "add")
    target_width = _at_least(width, crop, "sub_1", "Maximum_1", "add_1")
    mean = _const(np.full((1, 1, 3), MEAN_PIXEL, np.float32), "Reshape")
    ranks = tf.raw_ops.Equal(x=_const(3, "Rank"), y=_const(3, "Equal/y"), name="Equal")
    checks = [_assert(ranks, "Wrong image tensor rank", "Assert")]
    with tf.control_dependencies(checks):
        centred = tf.raw_ops.Sub(x=image, y=mean, name="sub_2")
    tall = tf.raw_ops.GreaterEqual(x=target_height, y=height, name="GreaterEqual")
    checks = [_assert(tall, "target_height must be >= height", "Assert_1")]
    wide = tf.raw_ops.GreaterEqual(x=target_width, y=width, name="GreaterEqual_1")
    checks.append(_assert(wide, "target_width must be >= width", "Assert_2"))
    with tf.control_dependencies(checks):
        below = tf.raw_ops.Sub(x=target_height, y=height, name="sub_3")
        below = tf.raw_ops.Pack(values=[_const(0, "stack_1/0"), below], name="stack_1")
        right = tf.raw_ops.Sub(x=target_width, y=width, name="sub_4")
        right = tf.raw_ops.Pack(values=[_const(0, "stack_2/0"), right], name="stack_2")
        no_channels = _const([0, 0], "Const_1")
        paddings = tf.raw_ops.Pack(values=[below, right, no_channels], name="stack_3")
    padded = tf.raw_ops.Pad(input=centred, paddings=paddings, name="Pad")
    padded = tf.raw_ops.Add(x=padded, y=mean, name="add_2")
    padded = _expand_dims(padded, "ExpandDims_1")
    scaled = tf.raw_ops.Mul(x=_const(np.float32(PIXEL_SCALE), "mul_1/x"), y=padded, name="mul_1")
    scaled = tf.raw_ops.Sub(x=scaled, y=_const(np.float32(1), "sub_7/y"), name="sub_7")
    return scaled


def _crop_back(labels: Any, size: Any) -> Any:
    """Return the labels, int64 [1, crop, crop], cut to the photo's ``size``, int32 [2]."""
    import tensorflow as tf

    height, width = _pick(size, 0, "strided_slice_6"), _pick(size, 1, "strided_slice_7")
    extent = tf.raw_ops.Pack(values=[_const(1, "stack_4/0"), height, width], name="stack_4")
    begin = _const([0, 0, 0], f"{OUTPUT}/begin")
    return tf.raw_ops.Slice(input=labels, begin=begin, size=extent, name=OUTPUT)


def _inverted_residual(
    layers: Layers, scope: str, features: Any, block: Block, feature_size: int
) -> Any:
    """Return the features [N, h, w, C] after one block; the sum only where shapes agree."""
    import tensorflow as tf

    inner = features
    channels = int(features.shape[-1])
    if block.expansion > 1:
        expanded = channels * block.expansion
        inner = _conv(layers, f"{scope}/expand", inner, expanded, "Relu6")
    inner = _depthwise(layers, f"{scope}/depthwise", inner, block, feature_size)
    inner = _conv(layers, f"{scope}/project", inner, block.channels)
    if block.stride > 1 or channels != block.channels:
        return inner
    return tf.raw_ops.Add(x=features, y=inner, name=f"{scope}/add")


def _depthwise(layers: Layers, scope: str, features: Any, block: Block, feature_size: int) -> Any:
    """Return a 3x3 depthwise convolution, normalized and rectified; atrous through batches."""
    import tensorflow as tf

    channels = int(features.shape[-1])
    name = f"{scope}/depthwise"
    filters = layers.parameter(f"{scope}/depthwise_weights", (3, 3, channels, 1))
    if block.rate == 1:
        features = tf.raw_ops.DepthwiseConv2dNative(
            input=features,
            filter=filters,
            strides=[1, block.stride, block.stride, 1],
            padding="SAME",
            name=name,
        )
    else:
        rate, excess = block.rate, -feature_size % block.rate
        inward, outward = f"{name}/SpaceToBatchND", f"{name}/BatchToSpaceND"
        features = tf.raw_ops.SpaceToBatchND(
            input=features,
            block_shape=_const([rate, rate], f"{inward}/block_shape"),
            paddings=_const([[rate, rate + excess]] * 2, f"{inward}/paddings"),
            name=inward,
        )
        features = tf.raw_ops.DepthwiseConv2dNative(
            input=features, filter=filters, strides=[1, 1, 1, 1], padding="VALID", name=name
        )
        features = tf.raw_ops.BatchToSpaceND(
            input=features,
            block_shape=_const([rate, rate], f"{outward}/block_shape"),
            crops=_const([[0, excess]] * 2, f"{outward}/crops"),
            name=outward,
        )
    features = layers.batch_norm(features, f"{scope}/BatchNorm")
    return tf.raw_ops.Relu6(features=features, name=f"{scope}/Relu6")


def _conv(
    layers: Layers,
    scope: str,
    features: Any,
    channels: int,
    rectifier: str = "",
    kernel: int = 1,
    stride: int = 1,
) -> Any:
    """Return a normalized convolution [N, h, w, channels], rectified by the op named, if any."""
    import tensorflow as tf

    features = _convolve(layers, scope, features, channels, kernel, stride)
    features = layers.batch_norm(features, f"{scope}/BatchNorm")
    if not rectifier:
        return features
    return getattr(tf.raw_ops, rectifier)(features=features, name=f"{scope}/{rectifier}")


def _convolve(
    layers: Layers, scope: str, features: Any, channels: int, kernel: int = 1, stride: int = 1
) -> Any:
    """Return a convolution [N, h, w, channels] without bias."""
    import tensorflow as tf

    shape = (kernel, kernel, int(features.shape[-1]), channels)
    return tf.raw_ops.Conv2D(
        input=features,
        filter=layers.parameter(f"{scope}/weights", shape),
        strides=[1, stride, stride, 1],
        padding="SAME",
        name=f"{scope}/Conv2D",
    )


def _const(value: Any, name: str) -> Any:
    """Return a Const node; Python integers become int32."""
    import tensorflow as tf

    return tf.constant(value, name=name)


def _slice(vector: Any, begin: int, end: int, name: str, pick: bool = False) -> Any:
    """Return a vector's entries from ``begin`` to ``end``, or as a scalar if ``pick``."""
    import tensorflow as tf

    return tf.raw_ops.StridedSlice(
        input=vector,
        begin=_const([begin], f"{name}/stack"),
        end=_const([end], f"{name}/stack_1"),
        strides=_const([1], f"{name}/stack_2"),
        shrink_axis_mask=int(pick),
        name=name,
    )


def _pick(vector: Any, index: int, name: str) -> Any:
    """Return one entry of a vector as a scalar."""
    return _slice(vector, index, index + 1, name, pick=True)


def _resize(images: Any, size: Any, name: str) -> Any:
    """Return the images [N, h, w, C] at ``size``, int32 [2], with corners aligned."""
    import tensorflow as tf

    return tf.raw_ops.ResizeBilinear(images=images, size=size, align_corners=True, name=name)


def _expand_dims(tensor: Any, name: str) -> Any:
    """Return the tensor with a first axis of 1."""
    import tensorflow as tf

    return tf.raw_ops.ExpandDims(input=tensor, axis=_const(0, f"{name}/dim"), name=name)


def _at_least(size: Any, least: int, lack: str, clipped: str, name: str) -> Any:
    """Return the scalar ``size``, or ``least`` if that is more, in the zoo's three steps."""
    import tensorflow as tf

    missing = tf.raw_ops.Sub(x=_const(least, f"{lack}/x"), y=size, name=lack)
    missing = tf.raw_ops.Maximum(x=missing, y=_const(0, f"{clipped}/y"), name=clipped)
    return tf.raw_ops.Add(x=size, y=missing, name=name)


def _assert(condition: Any, message: str, scope: str) -> Any:
    """Return an Assert node that fails with ``message``."""
    import tensorflow as tf

    _const(message, f"{scope}/Assert/Const")
    data = [_const(message, f"{scope}/Assert/Assert/data_0")]
    return tf.raw_ops.Assert(condition=condition, data=data, name=f"{scope}/Assert/Assert")
