"""DeepLab's heads on a backbone of two convolutions, and a classifier: the structure alone."""

import numpy as np
from support.graphs import const, graph_def, layer, node, placeholder, relu6, resize
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef

F, I = np.float32, np.int32  # noqa: E741
CROP = 33
FEATURES = 17
CLASSES = 3


def conv(name: str, source: str, inputs: int, outputs: int, size: int = 1, **options):
    return layer(name, source, np.ones((size, size, inputs, outputs)), np.zeros(outputs), **options)


def resized(name: str, source: str, size: int) -> list[NodeDef]:
    return [const(f"{name}/size", [size, size], I), resize(name, source, f"{name}/size")]


def concat(name: str, *sources: str) -> list[NodeDef]:
    axis = const(f"{name}/axis", 3, I)
    return [axis, node(name, "ConcatV2", *sources, axis.name, T=F, Tidx=I, N=len(sources))]


def pooled(name: str, source: str) -> list[NodeDef]:
    axes = const(f"{name}/axes", [1, 2], I)
    return [axes, node(name, "Mean", source, axes.name, T=F, Tidx=I, keep_dims=True)]


def backbone() -> list[NodeDef]:
    """From the photo, [1, 33, 33, 3], to ``low`` and ``features``, both [1, 17, 17, 4]."""
    return [
        placeholder("photo", np.uint8, (1, CROP, CROP, 3)),
        node("float", "Cast", "photo", SrcT=np.uint8, DstT=F),
        const("mean", [120.0, 115.0, 100.0], F),
        node("centred", "Sub", "float", "mean", T=F),
        *conv("low", "centred", 3, 4, size=3, strides=(2, 2)),
        *conv("block", "low", 4, 4, size=3, rates=(2, 2)),
        node("features", "AddV2", "low", "block", T=F),
    ]


def image_pooling() -> list[NodeDef]:
    return [
        *pooled("pool", "features"),
        *conv("pool_conv", "pool", 4, 4),
        *resized("pool_up", "pool_conv", FEATURES),
    ]


def labels(source: str) -> list[NodeDef]:
    return [
        *resized("up", source, CROP),
        const("axis", 3, I),
        node("labels", "ArgMax", "up", "axis", T=F, Tidx=I, output_type=np.int64),
    ]


def deeplab(pooling: bool = True, rates: tuple[int, ...] = ()) -> GraphDef:
    """DeepLabV3: branches that a concatenation and a projection join."""
    branches = [f"aspp{index}" for index in range(1 + len(rates))]
    atrous = zip(branches[1:], rates, strict=True)
    sources = [*(["pool_up"] if pooling else []), *branches]
    return graph_def(
        *backbone(),
        *(image_pooling() if pooling else []),
        *conv("aspp0", "features", 4, 4),
        *(
            part
            for name, rate in atrous
            for part in conv(name, "features", 4, 4, 3, rates=[rate] * 2)
        ),
        *concat("joined", *sources),
        *conv("projection", "joined", 4 * len(sources), 4),
        relu6("projection/relu", "projection"),
        *conv("logits", "projection/relu", 4, CLASSES),
        *labels("logits"),
    )


def deeplab_plus() -> GraphDef:
    """DeepLabV3+: a decoder joins early features to the ASPP's."""
    return graph_def(
        *backbone(),
        *image_pooling(),
        *conv("aspp0", "features", 4, 4),
        *concat("joined", "pool_up", "aspp0"),
        *conv("projection", "joined", 8, 4),
        *resized("larger", "projection", FEATURES),
        *conv("low_projection", "low", 4, 2),
        *concat("both", "larger", "low_projection"),
        *conv("refine", "both", 6, 4, size=3),
        *conv("logits", "refine", 4, CLASSES),
        *labels("logits"),
    )


def windowed(name: str, source: str, size: int, stride: int = 1) -> NodeDef:
    window = {"ksize": [1, size, size, 1], "strides": [1, stride, stride, 1], "padding": b"VALID"}
    return node(name, "AvgPool", source, T=F, data_format=b"NHWC", **window)


def dense_cell() -> GraphDef:
    """A dense prediction cell: some branches go on from where another ends."""
    return graph_def(
        *backbone(),
        *conv("branch0", "features", 4, 4, 3, rates=(1, 6)),
        *conv("branch1", "branch0", 4, 4, 3, rates=(4, 3)),
        *conv("branch2", "branch1", 4, 4, 3),
        *conv("branch3", "branch0", 4, 4, 3),
        *concat("joined", "branch0", "branch1", "branch2", "branch3"),
        *conv("projection", "joined", 16, 4),
        *conv("logits", "projection", 4, CLASSES),
        *labels("logits"),
    )


def mirrored(name: str, source: str) -> list[NodeDef]:
    axis = const(f"{name}/axis", [2], I)
    return [axis, node(name, "ReverseV2", source, axis.name, T=F, Tidx=I)]


def on_mirrored_images() -> GraphDef:
    """DeepLabV3 twice, on the image and on its mirror image, and the mean of both answers."""
    again = network_on("flipped")
    kernels = {part.name for part in again if part.op == "Const"}
    copied = [part for part in again if part.op != "Const"]
    for part in copied:
        part.name = f"again/{part.name}"
        part.input[:] = [
            name if name in kernels | {"flipped"} else f"again/{name}" for name in part.input
        ]
    before = {"photo", "float", "mean", "centred"}
    return graph_def(
        *(part for part in backbone() if part.name in before),
        *mirrored("flipped", "centred"),
        *network_on("centred"),
        *copied,
        *resized("up", "logits", CROP),
        *resized("again/up", "again/logits", CROP),
        *mirrored("back", "again/up"),
        node("softmax", "Softmax", "up", T=F),
        node("again/softmax", "Softmax", "back", T=F),
        node("both", "AddV2", "softmax", "again/softmax", T=F),
        const("axis", 3, I),
        node("labels", "ArgMax", "both", "axis", T=F, Tidx=I, output_type=np.int64),
    )


def smaller_and_back() -> GraphDef:
    """Features at half the size, resized and joined to those before, as in a U-Net."""
    return graph_def(
        *backbone(),
        windowed("pool", "features", 2, 2),
        *conv("deep", "pool", 4, 4, 3),
        *conv("deeper", "deep", 4, 4, 3),
        *resized("larger", "deeper", FEATURES),
        *concat("joined", "features", "larger"),
        *conv("logits", "joined", 8, CLASSES),
        *labels("logits"),
    )


def lite_deeplab(window: int | None = None) -> GraphDef:
    """MobileNetV3's head (LR-ASPP): what is pooled scales features, and two scores are added."""
    return graph_def(
        *backbone(),
        *(pooled("pool", "features") if window is None else [windowed("pool", "features", window)]),
        *conv("pool_conv", "pool", 4, 4),
        node("gate", "Sigmoid", "pool_conv", T=F),
        *resized("pool_up", "gate", FEATURES),
        *conv("aspp0", "features", 4, 4),
        node("scaled", "Mul", "aspp0", "pool_up", T=F),
        *conv("high_logits", "scaled", 4, CLASSES),
        *conv("low_logits", "low", 4, CLASSES),
        node("logits", "AddV2", "high_logits", "low_logits", T=F),
        *labels("logits"),
    )


def plain_segmenter() -> GraphDef:
    """A last convolution on the features, and no more."""
    return graph_def(*backbone(), *conv("logits", "features", 4, CLASSES), *labels("logits"))


def classifier() -> GraphDef:
    """A block with squeeze and excitation, a pool of all places, and a dense layer."""
    return graph_def(
        *backbone(),
        *pooled("squeeze", "features"),
        *conv("excitation", "squeeze", 4, 4),
        node("gate", "Sigmoid", "excitation", T=F),
        node("gated", "Mul", "features", "gate", T=F),
        *conv("last", "gated", 4, 8),
        const("axes", [1, 2], I),
        node("global", "Mean", "last", "axes", T=F, Tidx=I, keep_dims=False),
        const("dense/weights", np.ones((8, 5)), F),
        node("dense", "MatMul", "global", "dense/weights", T=F),
        const("dense/bias", np.zeros(5), F),
        node("scores", "BiasAdd", "dense", "dense/bias", T=F),
        node("probabilities", "Softmax", "scores", T=F),
    )


def extent(name: str, axis: int) -> list[NodeDef]:
    """The photo's height or width, as its shape gives it."""
    bounds = {"begin": axis, "end": axis + 1, "stride": 1}
    return [
        *(const(f"{name}/{key}", [value], I) for key, value in bounds.items()),
        node(
            name,
            "StridedSlice",
            "shape",
            *(f"{name}/{key}" for key in bounds),
            T=I,
            Index=I,
            shrink_axis_mask=1,
        ),
    ]


def missing(name: str, extent_name: str) -> list[NodeDef]:
    """The pixels to pad on one side, [0, n], until there are as many as in the crop."""
    return [
        const(f"{name}/crop", CROP, I),
        node(f"{name}/sub", "Sub", f"{name}/crop", extent_name, T=I),
        node(f"{name}/pad", "Maximum", f"{name}/sub", "zero", T=I),
        node(name, "Pack", "zero", f"{name}/pad", T=I, N=2, axis=0),
    ]


def padding() -> list[NodeDef]:
    """From ImageTensor, of any size up to the crop, to mul_1 and sub_7, [1, 33, 33, 3]."""
    return [
        placeholder("ImageTensor", np.uint8, (1, None, None, 3)),
        node("shape", "Shape", "ImageTensor", T=np.uint8, out_type=I),
        const("zero", 0, I),
        *extent("height", 1),
        *extent("width", 2),
        *missing("rows", "height"),
        *missing("columns", "width"),
        const("none", [0, 0], I),
        node("pads", "Pack", "none", "rows", "columns", "none", T=I, N=4, axis=0),
        node("float", "Cast", "ImageTensor", SrcT=np.uint8, DstT=F),
        node("padded", "Pad", "float", "pads", T=F, Tpaddings=I),
        const("mul_1/x", 1 / 127.5, F),
        node("mul_1", "Mul", "mul_1/x", "padded", T=F),
        const("sub_7/y", 1.0, F),
        node("sub_7", "Sub", "mul_1", "sub_7/y", T=F),
    ]


def network_on(source: str) -> list[NodeDef]:
    """DeepLabV3 from the first convolution to its scores, ``logits``."""
    before = {"photo", "float", "mean", "centred"}
    after = {"up/size", "up", "axis", "labels"}
    parts = [part for part in deeplab().node if part.name not in before | after]
    for part in parts:
        part.input[:] = [source if name == "centred" else name for name in part.input]
    return parts


def exported() -> GraphDef:
    """DeepLabV3 as its export script writes it: scores are resized twice, a Slice cuts labels."""
    return graph_def(
        *padding(),
        *network_on("sub_7"),
        *resized("ResizeBilinear_2", "logits", FEATURES),
        *resized("ResizeBilinear_3", "ResizeBilinear_2", CROP),
        const("axis", 3, I),
        node("ArgMax", "ArgMax", "ResizeBilinear_3", "axis", T=F, Tidx=I, output_type=np.int64),
        const("one", 1, I),
        const("begin", [0, 0, 0], I),
        node("size", "Pack", "one", "height", "width", T=I, N=3, axis=0),
        node("SemanticPredictions", "Slice", "ArgMax", "begin", "size", T=np.int64, Index=I),
    )


def exported_nearest() -> GraphDef:
    """Of a fixed size: int32 labels go through ResizeNearestNeighbor to the size of the photo."""
    return graph_def(
        *padding(),
        *network_on("sub_7"),
        *resized("ResizeBilinear_3", "logits", CROP),
        const("axis", 3, I),
        node("ArgMax", "ArgMax", "ResizeBilinear_3", "axis", T=F, Tidx=I, output_type=I),
        const("last", 3, I),
        node("images", "ExpandDims", "ArgMax", "last", T=I, Tdim=I),
        node("size", "Pack", "height", "width", T=I, N=2, axis=0),
        resize("nearest", "images", "size", "ResizeNearestNeighbor", T=I),
        node("SemanticPredictions", "Squeeze", "nearest", T=I, squeeze_dims=[3]),
    )


def detector() -> GraphDef:
    """Boxes, their scores and how many there are: three outputs, and one of the size alone."""
    return graph_def(
        *backbone(),
        *conv("detection_boxes", "features", 4, 4),
        *conv("box_scores", "features", 4, CLASSES),
        node("detection_scores", "Sigmoid", "box_scores", T=F),
        const("axes", [0, 1, 2, 3], I),
        node("num_detections", "Mean", "detection_scores", "axes", T=F, Tidx=I, keep_dims=False),
        node("true_shape", "Shape", "photo", T=np.uint8, out_type=I),
    )
