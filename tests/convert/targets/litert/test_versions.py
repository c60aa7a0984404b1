"""Versions are TensorFlow's own, as its converter states them."""

import numpy as np
import tflite
from support.graphs import const, graph_def, node, placeholder
from support.litert import as_litert

from dlconv.graph.graph import Graph
from dlconv.tensorflow import load_tensorflow

F = np.float32
CODES = {number: name for name, number in vars(tflite.BuiltinOperator).items() if name.isupper()}


def network():
    random = np.random.default_rng(0)
    return graph_def(
        placeholder("image", F, (1, 8, 8, 3)),
        const("kernel", random.normal(size=(3, 3, 3, 2)), F),
        node(
            "dilated",
            "DepthwiseConv2dNative",
            "image",
            "kernel",
            T=F,
            strides=[1, 1, 1, 1],
            dilations=[1, 2, 2, 1],
            padding=b"SAME",
        ),
        const("size", (16, 16), np.int32),
        node("large", "ResizeBilinear", "dilated", "size", T=F, half_pixel_centers=True),
        const("axes", (1, 2), np.int32),
        node("mean", "Mean", "large", "axes", T=F, Tidx=np.int32, keep_dims=True),
        node("difference", "Sub", "large", "mean", T=F),
        node("output", "Sigmoid", "difference", T=F),
    )


def network_of_later_operators():
    return graph_def(
        placeholder("image", F, (2, 8)),
        const("axis", 1, np.int32),
        node("sum", "Cumsum", "image", "axis", T=F, Tidx=np.int32),
        node("angle", "Atan2", "sum", "image", T=F),
        const("two", 2, np.int32),
        node("top", "TopKV2", "angle", "two", T=F, sorted=True),
        const("places", [[3], [0]], np.int32),
        const("shape", (5, 2), np.int32),
        node("output", "ScatterNd", "places", "top", "shape", T=F, Tindices=np.int32),
    )


def by_tensorflow(graph) -> bytes:
    tensorflow = load_tensorflow()
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default() as made, v1.Session(graph=made) as session:
        v1.import_graph_def(v1.GraphDef.FromString(graph.SerializeToString()), name="")
        image, output = (made.get_tensor_by_name(f"{name}:0") for name in ("image", "output"))
        return v1.lite.TFLiteConverter.from_session(session, [image], [output]).convert()


def said_of(content: bytes):
    model = tflite.Model.GetRootAs(content, 0)
    codes = [model.OperatorCodes(k) for k in range(model.OperatorCodesLength())]
    entries = [model.Metadata(k) for k in range(model.MetadataLength())]
    (oldest,) = (
        bytes(model.Buffers(each.Buffer()).DataAsNumpy()).rstrip(b"\0").decode()
        for each in entries
        if each.Name() == b"min_runtime_version"
    )
    return {CODES[each.BuiltinCode()]: each.Version() for each in codes}, oldest


def test_operators_and_the_file_ask_for_what_tensorflow_asks_for():
    expected, oldest = said_of(by_tensorflow(network()))
    found, oldest_found = said_of(as_litert(Graph(network())))
    assert expected["DEPTHWISE_CONV_2D"] == 2
    assert expected["RESIZE_BILINEAR"] == 3
    assert (found, oldest_found) == (expected, oldest)


def test_so_do_operators_that_came_later():
    expected, oldest = said_of(by_tensorflow(network_of_later_operators()))
    assert {"ATAN2", "CUMSUM", "SCATTER_ND", "TOPK_V2"} <= expected.keys()
    assert oldest == "2.10.0"
    assert said_of(as_litert(Graph(network_of_later_operators()))) == (expected, oldest)


def test_a_reshape_has_no_options_which_the_first_releases_read_in_place_of_its_shape():
    """TensorFlow 1.15 ends with "Input array not provided" for options without a shape."""
    flat = graph_def(
        placeholder("image", F, (1, 4, 4, 3)),
        const("shape", (1, 48), np.int32),
        node("output", "Reshape", "image", "shape", T=F, Tshape=np.int32),
    )
    model = tflite.Model.GetRootAs(as_litert(Graph(flat)), 0)
    reshape = model.Subgraphs(0).Operators(0)
    assert CODES[model.OperatorCodes(reshape.OpcodeIndex()).BuiltinCode()] == "RESHAPE"
    assert reshape.BuiltinOptions() is None
