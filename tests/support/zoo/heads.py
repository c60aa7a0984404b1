"""DeepLab's heads: from a backbone's features to scores [N, h, w, classes].

DeepLabV3 pools the image and, for larger networks, looks at several rates (arXiv 1706.05587);
DeepLabV3+ has a decoder (1802.02611); the dense prediction cell was found by search (1809.04184);
MobileNetV3's head, LR-ASPP, scales features by what is pooled, and adds two scores (1905.02244).
"""

from support.zoo.backbones import Features, separable
from support.zoo.builder import Builder, raw, tf

DEPTH = 256
# The best cell for Cityscapes: the branch that each takes its input from (-1: features), and rates.
CELL = ((-1, (1, 6)), (0, (18, 15)), (1, (6, 3)), (0, (1, 1)), (0, (6, 21)))


def deeplab_v3(
    b: Builder, features: Features, classes: int, rates=(), by_mean: bool = False
) -> tf.Tensor:
    return _scores(b, _aspp(b, features.last, rates, by_mean), classes)


def deeplab_v3_plus(
    b: Builder,
    features: Features,
    classes: int,
    rates=(),
    dense_cell: bool = False,
    by_mean: bool = False,
) -> tf.Tensor:
    """ASPP or a dense prediction cell, then a decoder at stride 4."""
    joined = _cell(b, features.last) if dense_cell else _aspp(b, features.last, rates, by_mean)
    with b.on("decoder"):
        early = features.early[4]
        low = b.conv(early, "decoder/feature_projection0", b.channels(48))
        larger = b.resize(joined, early.shape[1:3], "ResizeBilinear_2")
        x = b.concat([larger, low], "decoder/concat")
        for index in range(2):
            x = separable(b, x, f"decoder/decoder_conv{index}", b.channels(DEPTH))
    return _scores(b, x, classes)


def _scores(b: Builder, x: tf.Tensor, classes: int) -> tf.Tensor:
    with b.on("decoder"):
        return b.scores(x, "logits/semantic", classes)


def _aspp(b: Builder, x: tf.Tensor, rates, by_mean: bool) -> tf.Tensor:
    depth, size = b.channels(DEPTH), x.shape[1:3]
    with b.on("image pooling"):
        pool = b.mean(x, "Mean") if by_mean else b.average(x, size, (1, 1), "AvgPool2D/AvgPool")
        pool = b.conv(pool, "image_pooling", depth, gain=0.03)
        pool = b.resize(pool, size, "ResizeBilinear_1")
    with b.on("ASPP"):
        branches = [pool, b.conv(x, "aspp0", depth)]
        for index, rate in enumerate(rates, 1):
            branches.append(separable(b, x, f"aspp{index}", depth, rates=(rate, rate)))
        return _joined(b, branches)


def _joined(b: Builder, branches: list[tf.Tensor]) -> tf.Tensor:
    x = b.conv(b.concat(branches, "concat"), "concat_projection", b.channels(DEPTH))
    return raw.Identity(input=x, name=b.name("concat_projection_dropout/Identity"))


def _cell(b: Builder, features: tf.Tensor) -> tf.Tensor:
    with b.on("ASPP"):
        branches: list[tf.Tensor] = []
        for index, (source, rates) in enumerate(CELL):
            x = features if source < 0 else branches[source]
            branches.append(separable(b, x, f"branch{index}", b.channels(DEPTH), rates=rates))
        return _joined(b, branches)


def lite(
    b: Builder, features: Features, classes: int, gate: str = "Sigmoid", by_mean: bool = False
) -> tf.Tensor:
    """LR-ASPP, its second score from features at stride 8."""
    x, early = features.last, features.early[8]
    depth, size = b.channels(128), x.shape[1:3]
    with b.on("image pooling"):
        window = (min(size[0], 3), min(size[1], 3))
        pool = b.mean(x, "Mean") if by_mean else b.average(x, window, (1, 1), "AvgPool2D/AvgPool")
        pool = b.biased(pool, "image_pooling", depth, gate)
        pool = b.resize(pool, size, "ResizeBilinear_1")
    with b.on("ASPP"):
        x = b.conv(x, "aspp0", depth)
        x = b.quantize(raw.Mul(x=x, y=pool, name=b.name("mul")), "mul/act_quant")
    with b.on("decoder"):
        x = b.resize(x, early.shape[1:3], "ResizeBilinear_2")
        high = b.scores(x, "logits/semantic", classes)
        low = b.scores(early, "decoder/feature_projection0", classes)
        return raw.AddV2(x=high, y=low, name=b.name("decoder/add"))
