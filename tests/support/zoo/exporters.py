"""The nodes around a network, as DeepLab's export script wrote them in several years.

All take ``ImageTensor``, uint8 [1, H, W, 3], pad it to the crop with the mean colour, and give
``SemanticPredictions`` of the photo's own size. In 2018 labels are cut out of the crop's; from 2019
on photos are resized first (a Switch and a Merge choose how, shapes are unpacked) and labels are
resized back by nearest neighbours, of int64 in 2019, of floats in 2021, which has raw predictions
and probabilities besides.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from support.zoo.builder import raw, tf

INPUT = "ImageTensor"
OUTPUT = "SemanticPredictions"
IMAGENET_MEAN = (123.15, 115.90, 103.06)
MID_GREY = (127.5, 127.5, 127.5)
UNKNOWN_IN_2018 = ("explicit_paddings", "exponential_avg_factor", "half_pixel_centers", "Truncate")

Body = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Exporter:
    """How a network was exported; ``body`` maps pixels to scores for each pixel of the crop.

    ``mean`` is None where pixels are scaled to -1..1, else what is subtracted. ``shapes`` writes
    ``_output_shapes``, ``strips`` leaves out attributes of default value.
    """

    year: int
    crop: int
    mean: tuple[float, float, float] | None = None
    shapes: bool = False
    strips: bool = False

    def export(self, body: Body) -> bytes:
        """Return the serialized frozen GraphDef."""
        with tf.Graph().as_default() as graph:
            photo = tf.compat.v1.placeholder(tf.uint8, [1, None, None, 3], name=INPUT)
            own_size = _slice(raw.Shape(input=photo, name="Shape"), 1, 3, "strided_slice")
            image = raw.Squeeze(input=photo, axis=[0], name="Squeeze")
            image = raw.Cast(x=image, DstT=tf.float32, name="ToFloat")
            image = _scaled_by_one(image) if self.year == 2018 else _to_range(image, self.crop)
            size = own_size if self.year == 2018 else _size_of(image)
            scores = body(self._pixels(image))
            _finish(self.year, scores, size, own_size)
        return self._serialized(graph)

    def _pixels(self, image: tf.Tensor) -> tf.Tensor:
        """Return pixels as the network takes them, [1, crop, crop, 3], of an image [H, W, 3]."""
        mean = np.reshape(self.mean or MID_GREY, (1, 1, 3)).astype(np.float32)
        mean = tf.constant(mean, name="Reshape")
        pad = _padded_2018 if self.year == 2018 else _padded
        padded = pad(image, mean, self.crop)
        padded.set_shape([self.crop, self.crop, 3])
        return scaled(_expanded(padded, 0, "ExpandDims_1"), self.mean)

    def _serialized(self, graph: tf.Graph) -> bytes:
        definition = graph.as_graph_def(add_shapes=self.shapes)
        definition.versions.Clear()
        definition.versions.producer = 26 if self.year == 2018 else 134
        for node in definition.node:
            unknown = UNKNOWN_IN_2018 if self.year == 2018 else ()
            defaults = _defaults(node.op) if self.strips else {}
            for key in list(node.attr):
                if key in unknown or (key in defaults and node.attr[key] == defaults[key]):
                    del node.attr[key]
        return bytes(definition.SerializeToString(deterministic=True))


def scaled(padded: tf.Tensor, mean: tuple[float, float, float] | None) -> tf.Tensor:
    """Return float32 colours as the network takes them."""
    if mean is not None:
        value = tf.constant(np.reshape(mean, (1, 1, 3)).astype(np.float32), name="Reshape_1")
        return raw.Sub(x=padded, y=value, name="sub_7")
    scale = tf.constant(np.float32(2 / 255), name="mul_1/x")
    pixels = raw.Mul(x=scale, y=padded, name="mul_1")
    return raw.Sub(x=pixels, y=tf.constant(np.float32(1), name="sub_7/y"), name="sub_7")


def _defaults(op: str) -> dict:
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(op)
    found = definition.attr if definition else ()
    return {each.name: each.default_value for each in found if each.HasField("default_value")}


def _scaled_by_one(image: tf.Tensor) -> tf.Tensor:
    """Return the image, [H, W, 3], resized to its own size, as random scaling left it."""
    shape = raw.Shape(input=image, name="Shape_1")
    sides = [_pick(shape, axis, f"strided_slice_{axis + 1}") for axis in (0, 1)]
    size = raw.Cast(x=raw.Pack(values=sides, name="stack"), DstT=tf.float32, name="Cast")
    size = raw.Mul(x=size, y=tf.constant(np.float32(1), name="Const"), name="mul")
    return _resized(image, raw.Cast(x=size, DstT=tf.int32, name="ToInt32"))


def _to_range(image: tf.Tensor, crop: int) -> tf.Tensor:
    """Return the image, [H, W, 3], resized so that its longer side is the crop's.

    Both ways to a size are written, and which is taken is chosen by a Switch and a Merge.
    """
    with tf.name_scope("resize_to_range"):
        longest = tf.constant(np.float32(crop), name="max")
        height, width, _ = raw.Unpack(value=raw.Shape(input=image, name="Shape"), num=3)
        height = raw.Cast(x=height, DstT=tf.float32, name="ToFloat")
        width = raw.Cast(x=width, DstT=tf.float32, name="ToFloat_1")
        large = _scaled_size(
            height, width, raw.RealDiv(x=longest, y=raw.Minimum(x=height, y=width))
        )
        small = _scaled_size(
            height, width, raw.RealDiv(x=longest, y=raw.Maximum(x=height, y=width))
        )
        greatest = raw.Max(input=large, axis=tf.constant([0], name="Const"), name="Max")
        is_too_large = raw.Greater(
            x=raw.Cast(x=greatest, DstT=tf.float32, name="ToFloat_2"), y=longest, name="Greater"
        )
        size = _chosen(is_too_large, small, large)
    return _resized(image, size)


def _scaled_size(height: tf.Tensor, width: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    sides = [
        raw.Cast(x=raw.Floor(x=raw.Mul(x=side, y=factor, name="mul"), name="Floor"), DstT=tf.int32)
        for side in (height, width)
    ]
    return raw.Pack(values=sides, name="stack")


def _chosen(predicate: tf.Tensor, first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Return ``first`` where the predicate holds, as tf.cond of TensorFlow 1 wrote it."""
    with tf.name_scope("cond"):
        switch = raw.Switch(data=predicate, pred=predicate, name="Switch")
        raw.Identity(input=switch.output_true, name="switch_t")
        raw.Identity(input=switch.output_false, name="switch_f")
        chosen = raw.Identity(input=predicate, name="pred_id")
        if_true = raw.Switch(data=first, pred=chosen, name="Switch_1").output_true
        if_false = raw.Switch(data=second, pred=chosen, name="Switch_2").output_false
        return raw.Merge(inputs=[if_false, if_true], name="Merge").output


def _resized(image: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    images = _expanded(image, 0, "ExpandDims")
    images = raw.ResizeBilinear(images=images, size=size, align_corners=True, name="ResizeBilinear")
    return raw.Squeeze(input=images, axis=[0], name="Squeeze_1")


def _padded_2018(image: tf.Tensor, mean: tf.Tensor, crop: int) -> tf.Tensor:
    """Return the image, [H, W, 3], with the mean below and right of it, up to the crop."""
    targets, lacks, checks = [], [], []
    sides = [
        _pick(raw.Shape(input=image, name="Shape_2"), axis, "strided_slice_3") for axis in (0, 1)
    ]
    rank = raw.Equal(x=tf.constant(3, name="Rank"), y=tf.constant(3, name="Equal/y"), name="Equal")
    for side in sides:
        lack = raw.Sub(x=tf.constant(crop, name="sub/x"), y=side, name="sub")
        lack = raw.Maximum(x=lack, y=tf.constant(0, name="Maximum/y"), name="Maximum")
        targets.append(raw.Add(x=side, y=lack, name="add"))
        fits = raw.GreaterEqual(x=targets[-1], y=side, name="GreaterEqual")
        checks.append(_assert(fits, "target side must be >= side"))
    with tf.control_dependencies([_assert(rank, "Wrong image tensor rank")]):
        centred = raw.Sub(x=image, y=mean, name="sub_2")
    with tf.control_dependencies(checks):
        for target, side in zip(targets, sides, strict=True):
            after = raw.Sub(x=target, y=side, name="sub_3")
            lacks.append(raw.Pack(values=[tf.constant(0, name="stack/0"), after], name="stack"))
        lacks.append(tf.constant([0, 0], name="Const_1"))
        paddings = raw.Pack(values=lacks, name="stack_3")
    padded = raw.Pad(input=centred, paddings=paddings, name="Pad")
    return raw.Add(x=padded, y=mean, name="add_2")


def _padded(image: tf.Tensor, mean: tf.Tensor, crop: int) -> tf.Tensor:
    """Return what ``_padded_2018`` does, by nodes of later years."""
    sides = _sides_of(image)
    targets = []
    for side in sides:
        lack = raw.Sub(x=tf.constant(crop, name="sub/x"), y=side, name="sub")
        lack = raw.Maximum(x=lack, y=tf.constant(0, name="Maximum/y"), name="Maximum")
        targets.append(raw.AddV2(x=side, y=lack, name="add"))
    with tf.name_scope("pad_to_bounding_box"):
        rank = raw.Equal(x=raw.Rank(input=image, name="Rank"), y=tf.constant(3, name="Equal/y"))
        other = raw.Equal(
            x=raw.Rank(input=image, name="Rank_1"), y=tf.constant(4, name="Equal_1/y")
        )
        either = raw.LogicalOr(x=rank, y=other, name="LogicalOr")
        with tf.control_dependencies([_assert(either, "Wrong image tensor rank.")]):
            centred = raw.Sub(x=image, y=mean, name="sub")
        images = _expanded(centred, 0, "ExpandDims")
        _, *own, _ = raw.Unpack(value=raw.Shape(input=images, name="Shape"), num=4, name="unstack")
        afters = []
        for target, side, word in zip(targets, own, ("height", "width"), strict=True):
            fits = raw.GreaterEqual(x=target, y=side, name="GreaterEqual")
            with tf.control_dependencies([_assert(fits, f"target_{word} must be >= {word}")]):
                after = raw.Sub(x=target, y=tf.constant(0, name="sub_1/y"), name="sub_1")
                afters.append(raw.Sub(x=after, y=side, name="sub_2"))
        no_less = [
            raw.GreaterEqual(x=after, y=tf.constant(0, name="GreaterEqual_2/y")) for after in afters
        ]
        possible = raw.LogicalAnd(x=no_less[0], y=no_less[1], name="LogicalAnd")
        check = _assert(possible, "target size not possible with the given target offsets")
        rows = [
            raw.Pack(values=[tf.constant(0, name="stack/0"), after], name="stack")
            for after in afters
        ]
        none = tf.constant([0, 0], name="none")
        with tf.control_dependencies([check]):
            paddings = raw.Pack(values=[none, *rows, none], name="stack_4")
        padded = raw.Pad(input=images, paddings=paddings, name="Pad")
        padded = raw.Squeeze(input=padded, axis=[0], name="Squeeze")
        return raw.AddV2(x=padded, y=mean, name="add")


def _finish(year: int, scores: tf.Tensor, size: tf.Tensor, own_size: tf.Tensor) -> None:
    """Write the output of scores, or of probabilities, [1, crop, crop, classes]."""
    axis = tf.constant(3, name="ArgMax/dimension")
    labels = raw.ArgMax(input=scores, dimension=axis, name="ArgMax")
    if year == 2018:
        _cut(labels, size, OUTPUT)
        return
    if year == 2021:
        probabilities = raw.Softmax(logits=scores, name="Softmax")
        labels = raw.Cast(x=labels, DstT=tf.float32, name="Cast_7")
        labels = raw.Identity(input=labels, name="RawSemanticPredictions")
        probabilities = raw.Identity(input=probabilities, name="RawSemanticProbabilities")
        cut = _cut(probabilities, size, "strided_slice_8", -1)
        raw.ResizeBilinear(
            images=cut, size=own_size, align_corners=True, name="SemanticProbabilities"
        )
    labels = _expanded(_cut(labels, size, "Slice"), 3, "ExpandDims_2")
    labels = raw.ResizeNearestNeighbor(
        images=labels, size=own_size, align_corners=True, name="ResizeNearestNeighbor"
    )
    labels = raw.Squeeze(input=labels, axis=[3], name="Squeeze_3")
    labels = raw.Cast(x=labels, DstT=tf.int32, name="Cast_8")
    raw.Identity(input=labels, name=OUTPUT)


def _cut(maps: tf.Tensor, size: tf.Tensor, name: str, *channels: int) -> tf.Tensor:
    """Return the part of maps, [1, crop, crop, ...], that the photo fills."""
    sides = [_pick(size, axis, f"{name}/strided_slice") for axis in (0, 1)]
    extents = [tf.constant(extent, name=f"{name}/all") for extent in channels]
    extent = raw.Pack(
        values=[tf.constant(1, name=f"{name}/1"), *sides, *extents], name=f"{name}/stack"
    )
    begin = tf.constant([0] * maps.shape.rank, name=f"{name}/begin")
    return raw.Slice(input=maps, begin=begin, size=extent, name=name)


def _size_of(image: tf.Tensor) -> tf.Tensor:
    return _slice(raw.Shape(input=image, name="Shape_3"), 0, 2, "strided_slice_5")


def _sides_of(image: tf.Tensor) -> list[tf.Tensor]:
    shape = raw.Shape(input=image, name="Shape_4")
    return [_pick(shape, axis, "strided_slice_6") for axis in (0, 1)]


def _slice(vector: tf.Tensor, begin: int, end: int, name: str, pick: bool = False) -> tf.Tensor:
    return raw.StridedSlice(
        input=vector,
        begin=tf.constant([begin], name=f"{name}/stack"),
        end=tf.constant([end], name=f"{name}/stack_1"),
        strides=tf.constant([1], name=f"{name}/stack_2"),
        shrink_axis_mask=int(pick),
        name=name,
    )


def _pick(vector: tf.Tensor, index: int, name: str) -> tf.Tensor:
    return _slice(vector, index, index + 1, name, pick=True)


def _expanded(tensor: tf.Tensor, axis: int, name: str) -> tf.Tensor:
    return raw.ExpandDims(input=tensor, axis=tf.constant(axis, name=f"{name}/dim"), name=name)


def _assert(condition: tf.Tensor, message: str) -> tf.Operation:
    data = [tf.constant(message, name="Assert/data_0")]
    return raw.Assert(condition=condition, data=data, name="Assert/Assert")
