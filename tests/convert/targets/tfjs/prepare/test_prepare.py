import numpy as np
from support.graphs import batch_norm, const, convolution, graph_def, node, placeholder
from support.onnx_operations import in_tensorflow
from support.running import assert_close, ops, rewritten

from dlconv.convert.targets.tfjs.prepare import prepare_and_rewrite
from dlconv.graph.graph import Graph

F = np.float32
FIRST = {"data_format": b"NCHW"}


def some(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(F)


def block(name, source, kernel, outputs, **options):
    """A convolution with channels first whose kernel training rounded, a batch norm, a Relu."""
    given = {key: some(outputs) for key in ("gamma", "beta", "mean")}
    return [
        const(f"{name}/stored", kernel.astype(np.float16)),
        node(f"{name}/wide", "Cast", f"{name}/stored", SrcT=np.float16, DstT=F),
        node(f"{name}/kernel", "FakeQuantWithMinMaxArgs", f"{name}/wide", min=-2.0, max=2.0),
        convolution(f"{name}/conv", source, f"{name}/kernel", **FIRST, **options),
        *batch_norm(f"{name}/norm", f"{name}/conv", **given, variance=[2] * outputs, **FIRST),
        node(name, "Relu", f"{name}/norm", T=F),
    ]


def test_a_network_with_channels_first_is_rewritten_as_any_other():
    graph = graph_def(
        placeholder("x", F, (1, 4, None, None)),
        *block("a", "x", some(3, 3, 4, 8), 8),
        *block("b", "a", some(3, 3, 4, 8), 8),
        *block("c", "b", some(1, 1, 8, 6), 6),
        node("y", "AddV2", "c", "c", T=F),
    )
    result = rewritten(prepare_and_rewrite, graph)
    simple = ["Conv2D", "BiasAdd", "Relu"]
    groups = ["Split", "Conv2D", "Conv2D", "ConcatV2", "BiasAdd", "Relu"]
    assert ops(result) == ["Transpose", *simple, *groups, *simple, "AddV2", "Transpose"]
    before, after = (
        in_tensorflow(Graph(each), {"x": some(1, 4, 6, 7)}, "y") for each in (graph, result)
    )
    assert_close(before, after, np.abs(before).max())
