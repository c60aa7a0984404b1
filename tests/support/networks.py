"""Small networks that segment something, to quantize them, and pictures for them."""

import numpy as np
from support.graphs import (
    const,
    fake_quant,
    graph_def,
    layer,
    node,
    placeholder,
    relu6,
    trained_layer,
)
from tensorboard.compat.proto.graph_pb2 import GraphDef

from dlconv.convert.quantize.synthetic import synthetic_images

F = np.float32
CLASSES = 4


def small_segmenter(seed: int = 2) -> GraphDef:
    """A stem, a depthwise and three pointwise layers, one of them large; labels at half the size.

    Its weights are random, its classes all occur.
    """
    random = np.random.default_rng(seed)

    def weights(*shape):
        inputs = np.prod(shape[:3]) if shape[3] > 1 else 9
        return random.normal(scale=np.sqrt(2 / inputs), size=shape)

    head = weights(1, 1, 96, CLASSES)
    head -= head.mean(axis=2, keepdims=True)
    return graph_def(
        placeholder("ImageTensor", np.uint8, (1, None, None, 3)),
        node("float", "Cast", "ImageTensor", SrcT=np.uint8, DstT=F),
        const("half", 127.5, F),
        node("centred", "Sub", "float", "half", T=F),
        const("unit", 1 / 127.5, F),
        node("image", "Mul", "centred", "unit", T=F),
        *layer("stem", "image", weights(3, 3, 3, 16), random.normal(size=16), strides=(2, 2)),
        relu6("stem/relu", "stem"),
        *layer("dw", "stem/relu", weights(3, 3, 16, 1), np.zeros(16), depthwise=True, rates=(2, 2)),
        relu6("dw/relu", "dw"),
        *layer("wide", "dw/relu", weights(1, 1, 16, 96), random.normal(size=96)),
        relu6("wide/relu", "wide"),
        *layer("large", "wide/relu", weights(1, 1, 96, 96), random.normal(size=96)),
        relu6("large/relu", "large"),
        *layer("head", "large/relu", 6 * head, np.zeros(CLASSES)),
        const("axis", 3, np.int32),
        node("labels", "ArgMax", "head", "axis", T=F, Tidx=np.int32, output_type=np.int64),
    )


def trained_segmenter() -> GraphDef:
    """Colours and their neighbours, trained for 8 bits: two layers between FakeQuant nodes."""
    random = np.random.default_rng(4)
    mixed, head = random.uniform(-1, 0.7, (3, 3, 3, 8)), random.uniform(-0.6, 1, (1, 1, 8, CLASSES))
    return graph_def(
        placeholder("ImageTensor", np.uint8, (1, 33, 41, 3)),
        node("float", "Cast", "ImageTensor", SrcT=np.uint8, DstT=F),
        const("unit", 1 / 127.5, F),
        node("image", "Mul", "float", "unit", T=F),
        *fake_quant("image/quant", "image", 0, 2),
        *trained_layer("mixed", "image/quant", mixed, np.full(8, 1.5), (-1, 0.7)),
        relu6("mixed/relu", "mixed"),
        *fake_quant("mixed/quant", "mixed/relu", 0, 6),
        *trained_layer("head", "mixed/quant", head, np.zeros(CLASSES), (-0.6, 1)),
        *fake_quant("scores", "head", -12, 20),
        const("axis", 3, np.int32),
        node("labels", "ArgMax", "scores", "axis", T=F, Tidx=np.int32, output_type=np.int64),
    )


def pictures(count: int, size: tuple[int, int] = (33, 41)) -> list[np.ndarray]:
    """Pictures that all differ, uint8 [1, height, width, 3]."""
    return synthetic_images(size, count)
