"""A frozen graph as large as the largest of the zoo, made without TensorFlow and without training.

It is DeepLabV3 on Xception-65 in its ops, its order and its sizes, at output stride 16; its weights
are random, so that nothing compresses or folds away. ``scale`` 1 gives 41 million float32 weights,
165 MB; the number of weights grows as ``scale`` does. The graph is complete: it runs. Nodes are
written one after another, so that making it takes no more memory than its largest constant.
"""

import math
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.storage.files import new_file

CROP = 513
STRIDE = 16
CLASSES = 21
PRODUCER = 26
ASPP_RATES = (6, 12, 18)
# Channels of the three separable convolutions of each block, and whether the last has stride 2.
ENTRY_BLOCKS = ((128, 128, 128), (256, 256, 256), (728, 728, 728))
MIDDLE_BLOCKS = ((728, 728, 728),) * 16
EXIT_BLOCK = (728, 1024, 1024)
LAST_CHANNELS = (1536, 1536, 2048)
HEAD_CHANNELS = 256

_DATA_TYPES = {"float32": "DT_FLOAT", "int32": "DT_INT32", "int64": "DT_INT64", "uint8": "DT_UINT8"}


def write_large_graph(path: Path, scale: float = 1.0, seed: int = 0) -> int:
    """Write the graph to ``path`` and return its number of float32 weights.

    Channels are those of Xception-65 times the square root of ``scale``, at least 4.
    """
    with new_file(path) as file:
        network = _Network(file, math.sqrt(scale), np.random.default_rng(seed))
        network.write()
    return network.weights


def _type(name: str) -> AttrValue:
    return AttrValue(type=DataType.Value(_DATA_TYPES[name]))


def _ints(*values: int) -> AttrValue:
    return AttrValue(list=AttrValue.ListValue(i=values))


_T = _type("float32")
_INT32 = _type("int32")
_NHWC = AttrValue(s=b"NHWC")
_UNIT = _ints(1, 1, 1, 1)


class _Network:
    """Writes nodes; each method returns the name of the node that holds its result."""

    def __init__(self, file: BinaryIO, width: float, random: np.random.Generator) -> None:
        self._file = file
        self._width = width
        self._random = random
        self._channels: dict[str, int] = {}
        self.weights = 0

    def write(self) -> None:
        """Write the whole graph, from ImageTensor to SemanticPredictions."""
        header = GraphDef()
        header.versions.producer = PRODUCER
        self._file.write(header.SerializeToString())
        features = self._body(self._scaled_photo())
        scores = self._head(features)
        scores = self._resize("ResizeBilinear_2", scores, CROP)
        axis = self._constant("ArgMax/dimension", np.int32(3))
        types = {"T": _T, "Tidx": _INT32, "output_type": _type("int64")}
        labels = self._node("ArgMax", "ArgMax", scores, axis, **types)
        begin = self._constant("Slice/begin", np.zeros(3, np.int32))
        size = self._constant("Slice/size", np.array([1, CROP, CROP], np.int32))
        types = {"T": _type("int64"), "Index": _INT32}
        self._node("SemanticPredictions", "Slice", labels, begin, size, **types)

    def _scaled_photo(self) -> str:
        shape = AttrValue()
        for extent in (1, -1, -1, 3):
            shape.shape.dim.add(size=extent)
        photo = self._node("ImageTensor", "Placeholder", dtype=_type("uint8"), shape=shape)
        pixels = self._node("Cast", "Cast", photo, SrcT=_type("uint8"), DstT=_T)
        pixels = self._resize("ResizeBilinear", pixels, CROP)
        factor = self._constant("mul/x", np.float32(2 / 255))
        pixels = self._node("mul", "Mul", factor, pixels, T=_T)
        pixels = self._node("sub", "Sub", pixels, self._constant("sub/y", np.float32(1)), T=_T)
        self._channels[pixels] = 3
        return pixels

    def _body(self, pixels: str) -> str:
        features = self._conv("entry_flow/conv1_1", pixels, self._wide(32), kernel=3, stride=2)
        features = self._conv("entry_flow/conv1_2", features, self._wide(64), kernel=3)
        for k, block in enumerate(ENTRY_BLOCKS):
            features = self._block(f"entry_flow/block{k + 1}", features, block, stride=2)
        for k, block in enumerate(MIDDLE_BLOCKS):
            features = self._block(f"middle_flow/unit_{k + 1}", features, block)
        features = self._block("exit_flow/block1", features, EXIT_BLOCK)
        for k, channels in enumerate(LAST_CHANNELS):
            name = f"exit_flow/block2/separable_conv{k + 1}"
            features = self._separable(name, features, self._wide(channels))
        return features

    def _head(self, features: str) -> str:
        side = (CROP - 1) // STRIDE + 1
        channels = self._wide(HEAD_CHANNELS)
        pooled = self._node(
            "AvgPool2D/AvgPool",
            "AvgPool",
            features,
            T=_T,
            ksize=_ints(1, side, side, 1),
            strides=_UNIT,
            padding=AttrValue(s=b"VALID"),
            data_format=_NHWC,
        )
        self._channels[pooled] = self._channels[features]
        pooled = self._conv("image_pooling", pooled, channels)
        branches = [self._resize("ResizeBilinear_1", pooled, side)]
        branches.append(self._conv("aspp0", features, channels))
        for k, rate in enumerate(ASPP_RATES):
            branches.append(self._separable(f"aspp{k + 1}", features, channels, rate=rate))
        axis = self._constant("concat/axis", np.int32(3))
        count = AttrValue(i=len(branches))
        joined = self._node("concat", "ConcatV2", *branches, axis, T=_T, Tidx=_INT32, N=count)
        self._channels[joined] = channels * len(branches)
        joined = self._conv("concat_projection", joined, channels)
        kernel = self._weight("logits/semantic/weights", 1, 1, channels, CLASSES)
        scores = self._convolve("logits/semantic/Conv2D", joined, kernel)
        bias = self._weight("logits/semantic/biases", CLASSES)
        name = "logits/semantic/BiasAdd"
        return self._node(name, "BiasAdd", scores, bias, T=_T, data_format=_NHWC)

    def _block(self, name: str, x: str, channels: tuple[int, ...], stride: int = 1) -> str:
        features = x
        last = len(channels) - 1
        for k, count in enumerate(channels):
            step = stride if k == last else 1
            part = f"{name}/separable_conv{k + 1}"
            features = self._separable(part, features, self._wide(count), stride=step)
        if stride != 1 or self._channels[x] != self._channels[features]:
            out = self._channels[features]
            x = self._conv(f"{name}/shortcut", x, out, stride=stride, activate=False)
        return self._like(features, self._node(f"{name}/sum", "Add", features, x, T=_T))

    def _separable(self, name: str, x: str, out: int, stride: int = 1, rate: int = 1) -> str:
        channels = self._channels[x]
        kernel = self._weight(f"{name}_depthwise/depthwise_weights", 3, 3, channels, 1)
        padding = "SAME" if rate == 1 else "VALID"
        inside = x if rate == 1 else self._space_to_batch(f"{name}_depthwise", x, rate)
        features = self._node(
            f"{name}_depthwise/depthwise",
            "DepthwiseConv2dNative",
            inside,
            kernel,
            T=_T,
            strides=_ints(1, stride, stride, 1),
            padding=AttrValue(s=padding.encode()),
            data_format=_NHWC,
        )
        if rate != 1:
            features = self._batch_to_space(f"{name}_depthwise", features, rate)
        features = self._batch_norm(f"{name}_depthwise", self._like(x, features))
        return self._conv(f"{name}_pointwise", features, out)

    def _space_to_batch(self, name: str, x: str, rate: int) -> str:
        block = self._constant(f"{name}/SpaceToBatchND/block_shape", np.array([rate] * 2, np.int32))
        padded = [rate, rate + self._excess(rate)]
        paddings = self._constant(
            f"{name}/SpaceToBatchND/paddings", np.array([padded] * 2, np.int32)
        )
        types = {"T": _T, "Tblock_shape": _INT32, "Tpaddings": _INT32}
        return self._node(f"{name}/SpaceToBatchND", "SpaceToBatchND", x, block, paddings, **types)

    def _batch_to_space(self, name: str, x: str, rate: int) -> str:
        block = self._constant(f"{name}/BatchToSpaceND/block_shape", np.array([rate] * 2, np.int32))
        cropped = [0, self._excess(rate)]
        crops = self._constant(f"{name}/BatchToSpaceND/crops", np.array([cropped] * 2, np.int32))
        types = {"T": _T, "Tblock_shape": _INT32, "Tcrops": _INT32}
        return self._node(f"{name}/BatchToSpaceND", "BatchToSpaceND", x, block, crops, **types)

    @staticmethod
    def _excess(rate: int) -> int:
        return -((CROP - 1) // STRIDE + 1) % rate

    def _conv(
        self, name: str, x: str, out: int, kernel: int = 1, stride: int = 1, activate: bool = True
    ) -> str:
        values = self._weight(f"{name}/weights", kernel, kernel, self._channels[x], out)
        features = self._convolve(f"{name}/Conv2D", x, values, stride)
        self._channels[features] = out
        features = self._batch_norm(name, features)
        if not activate:
            return features
        return self._like(features, self._node(f"{name}/Relu", "Relu", features, T=_T))

    def _convolve(self, name: str, x: str, kernel: str, stride: int = 1) -> str:
        return self._node(
            name,
            "Conv2D",
            x,
            kernel,
            T=_T,
            strides=_ints(1, stride, stride, 1),
            padding=AttrValue(s=b"SAME"),
            data_format=_NHWC,
        )

    def _batch_norm(self, name: str, x: str) -> str:
        channels = self._channels[x]
        near_one = self._random.uniform(0.5, 1.5, (2, channels)).astype(np.float32)
        near_zero = self._random.normal(scale=0.1, size=(2, channels)).astype(np.float32)
        parameters = [
            self._read(f"{name}/BatchNorm/gamma", near_one[0]),
            self._read(f"{name}/BatchNorm/beta", near_zero[0]),
            self._read(f"{name}/BatchNorm/moving_mean", near_zero[1]),
            self._read(f"{name}/BatchNorm/moving_variance", near_one[1]),
        ]
        made = self._node(
            f"{name}/BatchNorm/FusedBatchNorm",
            "FusedBatchNorm",
            x,
            *parameters,
            T=_T,
            epsilon=AttrValue(f=1e-3),
            is_training=AttrValue(b=False),
            data_format=_NHWC,
        )
        return self._like(x, made)

    def _resize(self, name: str, x: str, side: int) -> str:
        size = self._constant(f"{name}/size", np.array([side, side], np.int32))
        corners = AttrValue(b=True)
        return self._node(name, "ResizeBilinear", x, size, T=_T, align_corners=corners)

    def _weight(self, name: str, *shape: int) -> str:
        fan_in = max(1, math.prod(shape[:-1] if shape[-1] > 1 else shape[:2]))
        values = self._random.standard_normal(shape, np.float32)
        values *= np.float32(math.sqrt(2 / fan_in))
        return self._read(name, values)

    def _read(self, name: str, values: np.ndarray) -> str:
        self.weights += values.size
        return self._node(f"{name}/read", "Identity", self._constant(name, values), T=_T)

    def _constant(self, name: str, values: np.ndarray | np.generic) -> str:
        value = AttrValue()
        value.tensor.dtype = DataType.Value(_DATA_TYPES[values.dtype.name])
        for extent in values.shape:
            value.tensor.tensor_shape.dim.add(size=extent)
        value.tensor.tensor_content = values.tobytes()
        return self._node(name, "Const", dtype=_type(values.dtype.name), value=value)

    def _node(self, name: str, op: str, *inputs: str, **attributes: AttrValue) -> str:
        node = NodeDef(name=name, op=op, input=inputs, attr=attributes)
        self._file.write(GraphDef(node=[node]).SerializeToString())
        return name

    def _like(self, model: str, made: str) -> str:
        self._channels[made] = self._channels[model]
        return made

    def _wide(self, channels: int) -> int:
        return max(4, round(channels * self._width))
