import subprocess
import sys

import numpy as np
import pytest
from support.artifacts import entries_of, model_of, nodes_of, weights_of
from support.graphs import const, graph_def, node, placeholder, tiny_kernel, tiny_segmenter

from dlconv.convert.stored import WeightType, store
from dlconv.convert.targets.tfjs.write import write_graph_model
from dlconv.errors import DlconvError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph


def written(graph, directory, stored=None):
    view = Graph(graph)
    write_graph_model(view, find_contract(view), stored or {}, directory)
    return model_of(directory)


def with_debug_nodes():
    """The tiny segmenter with an Assert behind a control edge, a device and a private attribute."""
    graph = tiny_segmenter()
    graph.node.extend(
        [const("true", np.array(True)), node("check", "Assert", "true", "ImageTensor")]
    )
    scores = next(n for n in graph.node if n.name == "scores")
    scores.input.append("^check")
    scores.device = "/device:GPU:0"
    scores.attr["_output_shapes"].s = b"private"
    return graph


def test_the_signature_names_input_and_output_with_types_and_shapes(tmp_path):
    signature = written(tiny_segmenter(), tmp_path)["signature"]
    assert signature["inputs"] == {
        "ImageTensor": {
            "name": "ImageTensor:0",
            "dtype": "DT_UINT8",
            "tensorShape": {"dim": [{"size": s} for s in ("1", "-1", "-1", "3")]},
        }
    }
    assert signature["outputs"]["SemanticPredictions"]["dtype"] == "DT_INT64"


def test_asserts_control_edges_devices_and_private_attributes_stay_behind(tmp_path):
    written(with_debug_nodes(), tmp_path)
    nodes = nodes_of(tmp_path)
    assert "check" not in nodes
    assert "true" not in nodes
    assert nodes["scores"]["input"] == ["ToFloat", "weights/read"]
    assert not {"device", "_output_shapes"} & {*nodes["scores"], *nodes["scores"]["attr"]}


def test_other_attributes_go_out_as_they_came_in(tmp_path):
    written(tiny_segmenter(), tmp_path)
    nodes = nodes_of(tmp_path)
    attributes = nodes["scores"]["attr"]
    assert attributes["strides"] == {"list": {"i": ["1", "1", "1", "1"]}}
    assert attributes["padding"] == {"s": "U0FNRQ=="}
    assert attributes["T"] == {"type": "DT_FLOAT"}


def test_an_infinite_attribute_is_refused(tmp_path):
    graph = graph_def(
        placeholder("x", np.float32, (1, 4, 4, 3)),
        node("y", "LeakyRelu", "x", T=np.float32, alpha=float("inf")),
    )
    with pytest.raises(DlconvError, match=r"y \(LeakyRelu\): its alpha is inf"):
        written(graph, tmp_path)


def test_a_convolution_from_before_dilations_gets_those_that_tensorflow_assumes(tmp_path):
    written(tiny_segmenter(), tmp_path)
    nodes = nodes_of(tmp_path)
    assert nodes["scores"]["attr"]["dilations"] == {"list": {"i": ["1", "1", "1", "1"]}}


def test_the_shards_hold_the_weights(tmp_path):
    kernel = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    written(tiny_segmenter(kernel=kernel), tmp_path)
    weights = weights_of(tmp_path)
    assert weights["weights"].codes.tolist() == kernel.tolist()
    assert weights["axis"].codes.tolist() == 3


def test_shards_end_at_four_mebibytes(tmp_path):
    kernel = np.random.default_rng(1).normal(size=(1, 1, 3, 700_000)).astype(np.float32)
    model = written(tiny_segmenter(kernel=kernel), tmp_path)
    paths = model["weightsManifest"][0]["paths"]
    assert paths == [f"group1-shard{i}of3.bin" for i in (1, 2, 3)]
    sizes = [(tmp_path / path).stat().st_size for path in paths]
    assert sizes == [4 << 20, 4 << 20, kernel.nbytes + 4 - (8 << 20)]
    assert weights_of(tmp_path)["weights"].codes.tobytes() == kernel.tobytes()


@pytest.mark.parametrize("precision", [WeightType.UINT8, WeightType.UINT16, WeightType.FLOAT16])
def test_quantized_weights_carry_what_gives_them_back(tmp_path, precision):
    kernel = np.random.default_rng(2).normal(size=(1, 1, 3, 5)).astype(np.float32)
    stored = store(kernel, precision)
    written(tiny_segmenter(kernel=kernel), tmp_path, {"weights": stored})
    quantization = entries_of(tmp_path)["weights"]["quantization"]
    assert (quantization["dtype"], quantization["original_dtype"]) == (precision.value, "float32")
    read = weights_of(tmp_path)["weights"]
    assert read.codes.tolist() == stored.codes.tolist()
    assert (read.minimum, read.scale) == (stored.minimum, stored.scale)
    tolerance = (read.scale or 2e-3) / 2 + 1e-6
    assert np.abs(read.values() - kernel).max() <= tolerance


def test_constants_that_are_not_among_those_stored_stay_float32(tmp_path):
    graph = tiny_segmenter()
    written(graph, tmp_path, {"another": store(np.ones(3, np.float32), WeightType.UINT8)})
    assert entries_of(tmp_path)["weights"]["dtype"] == "float32"
    assert not any("quantization" in entry for entry in entries_of(tmp_path).values())
    assert weights_of(tmp_path)["weights"].codes.tolist() == tiny_kernel().tolist()


def test_int64_constants_become_int32(tmp_path):
    graph = tiny_segmenter()
    next(n for n in graph.node if n.name == "axis").CopyFrom(const("axis", 3, np.int64))
    written(graph, tmp_path)
    assert entries_of(tmp_path)["axis"]["dtype"] == "int32"
    assert nodes_of(tmp_path)["axis"]["attr"]["dtype"] == {"type": "DT_INT32"}


def test_an_int64_constant_that_does_not_fit_is_refused(tmp_path):
    graph = tiny_segmenter()
    next(n for n in graph.node if n.name == "axis").CopyFrom(const("axis", 2**40, np.int64))
    with pytest.raises(DlconvError, match="axis.*does not fit in int32"):
        written(graph, tmp_path)


def test_ops_that_tfjs_lacks_are_refused_by_name(tmp_path):
    graph = tiny_segmenter(output_name="labels")
    graph.node.append(node("strange", "QuantizedRelu6", "labels", T=np.int64))
    with pytest.raises(DlconvError, match=r"has no QuantizedRelu6 \(node strange\)"):
        written(graph, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_output_of_no_known_type_is_refused(tmp_path):
    graph = tiny_segmenter()
    graph.node[-1].attr["output_type"].type = 99
    with pytest.raises(DlconvError, match="no element type DT_99"):
        written(graph, tmp_path)


def test_graphs_that_call_functions_are_refused(tmp_path):
    graph = tiny_segmenter(output_name="labels")
    call = node("call", "StatelessIf", "labels", "labels")
    call.attr["then_branch"].func.name = "then"
    graph.node.append(call)
    with pytest.raises(DlconvError, match="functions.*call"):
        written(graph, tmp_path)


def test_an_output_of_unknown_rank_is_said_so(tmp_path):
    graph = graph_def(
        placeholder("x", np.float32, (1, None, None, 3)),
        node("size", "Shape", "x", T=np.float32, out_type=np.int32),
        node("kinds", "Unique", "size", T=np.int32, out_idx=np.int32),
        node("y", "Reshape", "x", "kinds", T=np.float32, Tshape=np.int32),
    )
    signature = written(graph, tmp_path)["signature"]
    assert signature["outputs"]["y"]["tensorShape"] == {"unknownRank": True}


def test_writing_imports_no_tensorflow():
    modules = "dlconv.convert.targets.tfjs.write, dlconv.api.inspecting"
    program = f"import sys, {modules}; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "numpy" in answer.stdout.split()
    assert not {"tensorflow", "tf2onnx", "onnx", "onnxruntime"} & set(answer.stdout.split())
