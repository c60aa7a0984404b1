import json
import subprocess
import sys

import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder, tiny_segmenter

from dlconv.convert.precision import Precision
from dlconv.convert.tfjs import quantizable_weights, write_graph_model
from dlconv.errors import DlconvError
from dlconv.inspect.contract import find_contract
from dlconv.inspect.graph import Graph


def written(graph, directory, precision=Precision.FLOAT32):
    view = Graph(graph)
    contract = find_contract(view)
    precisions = dict.fromkeys(quantizable_weights(view, contract), precision)
    write_graph_model(view, contract, precisions, directory)
    return json.loads((directory / "model.json").read_text())


def weights_of(model, directory):
    (group,) = model["weightsManifest"]
    content = b"".join((directory / path).read_bytes() for path in group["paths"])
    arrays, offset = {}, 0
    for weight in group["weights"]:
        dtype = np.dtype(weight.get("quantization", weight)["dtype"])
        count = int(np.prod(weight["shape"], dtype=int))
        arrays[weight["name"]] = np.frombuffer(content, dtype, count, offset)
        offset += count * dtype.itemsize
    assert offset == len(content)
    return arrays


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
    nodes = {n["name"]: n for n in written(with_debug_nodes(), tmp_path)["modelTopology"]["node"]}
    assert "check" not in nodes
    assert "true" not in nodes
    assert nodes["scores"]["input"] == ["ToFloat", "weights/read"]
    assert not {"device", "_output_shapes"} & {*nodes["scores"], *nodes["scores"]["attr"]}


def test_other_attributes_go_out_as_they_came_in(tmp_path):
    nodes = {n["name"]: n for n in written(tiny_segmenter(), tmp_path)["modelTopology"]["node"]}
    attributes = nodes["scores"]["attr"]
    assert attributes["strides"] == {"list": {"i": ["1", "1", "1", "1"]}}
    assert attributes["padding"] == {"s": "U0FNRQ=="}
    assert attributes["T"] == {"type": "DT_FLOAT"}


def test_a_convolution_from_before_dilations_gets_those_that_tensorflow_assumes(tmp_path):
    nodes = {n["name"]: n for n in written(tiny_segmenter(), tmp_path)["modelTopology"]["node"]}
    assert nodes["scores"]["attr"]["dilations"] == {"list": {"i": ["1", "1", "1", "1"]}}


def test_the_shards_hold_the_weights(tmp_path):
    kernel = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    weights = weights_of(written(tiny_segmenter(kernel=kernel), tmp_path), tmp_path)
    assert weights["weights"].tolist() == kernel.ravel().tolist()
    assert weights["axis"].tolist() == [3]


def test_shards_end_at_four_mebibytes(tmp_path):
    kernel = np.random.default_rng(1).normal(size=(1, 1, 3, 700_000)).astype(np.float32)
    model = written(tiny_segmenter(kernel=kernel), tmp_path)
    paths = model["weightsManifest"][0]["paths"]
    assert paths == [f"group1-shard{i}of3.bin" for i in (1, 2, 3)]
    sizes = [(tmp_path / path).stat().st_size for path in paths]
    assert sizes == [4 << 20, 4 << 20, kernel.nbytes + 4 - (8 << 20)]
    assert weights_of(model, tmp_path)["weights"].tobytes() == kernel.tobytes()


@pytest.mark.parametrize("precision", [Precision.UINT8, Precision.UINT16, Precision.FLOAT16])
def test_quantized_weights_carry_what_gives_them_back(tmp_path, precision):
    kernel = np.random.default_rng(2).normal(size=(1, 1, 3, 5)).astype(np.float32)
    model = written(tiny_segmenter(kernel=kernel), tmp_path, precision)
    (entry,) = [w for w in model["weightsManifest"][0]["weights"] if w["name"] == "weights"]
    quantization = entry["quantization"]
    assert (quantization["dtype"], quantization["original_dtype"]) == (precision.value, "float32")
    codes = weights_of(model, tmp_path)["weights"].astype(np.float64)
    values = codes * quantization.get("scale", 1) + quantization.get("min", 0)
    tolerance = quantization.get("scale", 2e-3) / 2 + 1e-6
    assert np.abs(values - kernel.ravel()).max() <= tolerance


def test_batch_norm_parameters_keep_their_precision():
    f = np.float32
    parameters = [const(name, np.ones(3), f) for name in ("gamma", "beta", "mean", "variance")]
    reads = [node(f"{p.name}/read", "Identity", p.name, T=f) for p in parameters]
    graph = tiny_segmenter()
    batch_norm = node(
        "norm", "FusedBatchNorm", "scores", *[read.name for read in reads], T=f, epsilon=0.001
    )
    graph.node.extend([*parameters, *reads, batch_norm])
    argmax = next(n for n in graph.node if n.op == "ArgMax")
    argmax.input[0] = "norm"
    view = Graph(graph)
    assert quantizable_weights(view, find_contract(view)) == ["weights"]


def test_int64_constants_become_int32(tmp_path):
    graph = tiny_segmenter()
    next(n for n in graph.node if n.name == "axis").CopyFrom(const("axis", 3, np.int64))
    model = written(graph, tmp_path)
    (entry,) = [w for w in model["weightsManifest"][0]["weights"] if w["name"] == "axis"]
    assert entry["dtype"] == "int32"
    (written_node,) = [n for n in model["modelTopology"]["node"] if n["name"] == "axis"]
    assert written_node["attr"]["dtype"] == {"type": "DT_INT32"}


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


def test_graphs_that_call_functions_are_refused(tmp_path):
    graph = tiny_segmenter(output_name="labels")
    call = node("call", "StatelessIf", "labels", "labels")
    call.attr["then_branch"].func.name = "then"
    graph.node.append(call)
    with pytest.raises(DlconvError, match="functions.*call"):
        written(graph, tmp_path)


def test_a_scalar_input_of_unknown_rank_is_said_so(tmp_path):
    graph = graph_def(
        placeholder("x", np.float32, (1, None, None, 3)),
        node("y", "Abs", "x", T=np.float32),
    )
    signature = written(graph, tmp_path)["signature"]
    assert signature["outputs"]["y"]["tensorShape"] == {"unknownRank": True}


def test_writing_imports_no_tensorflow():
    program = "import sys, dlconv.convert.tfjs, dlconv.pipeline; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "numpy" in answer.stdout.split()
    assert not {"tensorflow", "tf2onnx", "onnx", "onnxruntime"} & set(answer.stdout.split())
