from collections import Counter

import numpy as np
import pytest
from support.artifacts import made, model_of, onnx_artifact, tfjs_artifact
from support.chromium import needs_chromium
from support.graphs import const, graph_def, node, placeholder, tiny_kernel, tiny_segmenter
from support.running import run
from support.sample import sample_graph, sample_photos

from dlconv.cli.words import in_words
from dlconv.convert.coverage import find_coverage
from dlconv.convert.coverage_report import coverage_data, gap_lines
from dlconv.convert.targets.onnx.opset import OPSETS
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.errors import DlconvError, UsageError
from dlconv.formats.frozen_graph import read_graph
from dlconv.formats.tflite_file import load_tflite
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.litert_child import LitertChild
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime
from dlconv.runtimes.tfjs_chromium import TfjsChromiumRuntime
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime

PHOTO = np.random.default_rng(5).integers(0, 256, (1, 7, 9, 3), np.uint8)
TFJS = {"tfjs-wasm", "tfjs-webgl", "tfjs-webgpu", "tfjs-cpu"}
LITERT = {"litert-xnnpack", "litert-reference"}


def labels_of(*between):
    """A graph that takes the strongest of what the last node in between makes of the colours."""
    f = np.float32
    return graph_def(
        placeholder("ImageTensor", np.uint8, (1, None, None, 3)),
        node("ToFloat", "Cast", "ImageTensor", SrcT=np.uint8, DstT=f),
        const("weights", tiny_kernel()[0, 0], f),
        *between,
        const("axis", 3, np.int32),
        node(
            "SemanticPredictions",
            "ArgMax",
            between[-1].name,
            "axis",
            T=f,
            Tidx=np.int32,
            output_type=np.int64,
        ),
    )


def product(name, source):
    made = node(name, "Einsum", source, "weights", T=np.float32, equation=b"bhwc,co->bhwo")
    made.attr["N"].i = 2
    return made


def colours(op):
    return labels_of(node("colours", op, "ToFloat", T=np.float32))


def row_of(coverage, op):
    (row,) = [row for row in coverage.ops if row.op == op]
    return row


def test_the_sample_is_covered_and_runs_as_the_table_counts_it(tmp_path):
    frozen = sample_graph(tmp_path)
    coverage = find_coverage(frozen.path)
    assert coverage.uncovered == ()
    assert all(coverage.covers(target) for target in coverage.targets)
    assert set(coverage.targets) == {*TFJS, "onnx", *LITERT}
    artifact = tfjs_artifact(frozen, tmp_path / "tfjs")
    converted = Counter(n["op"] for n in model_of(artifact.directory)["modelTopology"]["node"])
    assert converted == {row.op: row.tfjs for row in coverage.ops if row.tfjs}
    onnx = onnx_artifact(frozen, tmp_path / "onnx")
    photo = sample_photos()[0]
    wanted = run(read_graph(frozen.path), "SemanticPredictions", ImageTensor=photo)
    runtimes = [
        TfjsNodeRuntime(artifact.directory, "wasm"),
        TfjsNodeRuntime(artifact.directory, "cpu"),
        OnnxruntimeRuntime(onnx.entry),
    ]
    for runtime in runtimes:
        with runtime:
            assert np.mean(runtime.infer(photo).labels == wanted) > 0.999


def test_the_operators_of_litert_are_those_of_the_file_and_xnnpack_s_share_is_the_runtime_s(
    tmp_path,
):
    frozen = sample_graph(tmp_path)
    operators = find_coverage(frozen.path).litert
    artifact = made("litert", frozen, tmp_path / "model.tflite").artifact
    (main,) = load_tflite(artifact.entry).subgraphs
    counted = Counter(each.code for each in main.operators)
    assert {each.operator: each.nodes for each in operators} == counted
    with LitertChild(artifact.entry) as runtime:
        nodes = sum(each.nodes for each in operators)
        taken = sum(each.xnnpack for each in operators)
        assert runtime.describe()["XNNPACK"] == f"{taken} of {nodes} nodes"
    assert 0 < taken < nodes


def products_of_colours():
    """What WebGPU was measured to get wrong, and what dlconv says in no other operations."""
    return labels_of(
        const("axes", [3], np.int32),
        node("product", "Prod", "ToFloat", "axes", T=np.float32, Tidx=np.int32, keep_dims=True),
    )


def test_an_op_that_one_backend_gets_wrong_is_told_and_refused_there_alone(
    frozen_on_disk, tmp_path
):
    frozen = frozen_on_disk(products_of_colours())
    coverage = find_coverage(frozen.path)
    assert gap_lines(coverage) == [
        "not covered: Prod (product): tfjs-webgpu: TensorFlow.js computes something else in float32"
    ]
    assert [target for target in coverage.targets if not coverage.covers(target)] == ["tfjs-webgpu"]
    artifact = tfjs_artifact(frozen, tmp_path / "wasm")
    assert artifact.manifest.backends == ("wasm", "cpu", "webgl")
    with pytest.raises(DlconvError, match=r"product \(Prod\): .* something else in float32"):
        tfjs_artifact(frozen, tmp_path / "webgpu", backends=("wasm", "webgpu"))


def test_what_a_backend_lacks_is_written_in_other_operations_and_told(frozen_on_disk, tmp_path):
    frozen = frozen_on_disk(labels_of(product("scores", "ToFloat")))
    coverage = find_coverage(frozen.path)
    assert coverage.uncovered == ()
    row = row_of(coverage, "Einsum")
    assert (row.frozen, row.onnx, row.tfjs) == (1, 1, 0)
    assert "MatMul" in " ".join(row.lowered)
    assert row.missing.keys() == {"tfjs-wasm"}
    artifact = tfjs_artifact(frozen, tmp_path / "model")
    assert artifact.manifest.backends == ("wasm", "cpu", "webgl")
    wanted = run(read_graph(frozen.path), "SemanticPredictions", ImageTensor=PHOTO)
    with TfjsNodeRuntime(artifact.directory, "wasm") as runtime:
        assert np.array_equal(runtime.infer(PHOTO).labels, wanted)


@needs_chromium
@pytest.mark.parametrize("backend", ["webgl", "webgpu"])
def test_where_the_table_says_so_the_op_runs(frozen_on_disk, tmp_path, backend):
    graph = labels_of(product("scores", "ToFloat"))
    artifact = tfjs_artifact(frozen_on_disk(graph), tmp_path / "model", backends=(backend,))
    with TfjsChromiumRuntime(artifact.directory, backend) as runtime:
        labels = runtime.infer(PHOTO).labels
    assert np.array_equal(labels, run(graph, "SemanticPredictions", ImageTensor=PHOTO))


def test_the_first_node_is_named_and_all_are_counted(frozen_on_disk):
    graph = labels_of(
        node("first", "Lgamma", "ToFloat", T=np.float32),
        node("second", "Lgamma", "first", T=np.float32),
    )
    lines = gap_lines(find_coverage(frozen_on_disk(graph).path))
    assert all(line.startswith("not covered: Lgamma (2, the first is first): ") for line in lines)


@pytest.mark.parametrize("opset", [OPSETS[0] - 1, OPSETS[1] + 1])
def test_an_opset_that_is_not_written_is_wrong_usage(frozen_on_disk, opset):
    path = frozen_on_disk(tiny_segmenter()).path
    with pytest.raises(UsageError, match=f"{OPSETS[0]} to {OPSETS[1]}, not {opset}"):
        find_coverage(path, opset=opset)


def test_an_op_that_nobody_has_is_refused_by_each_converter(frozen_on_disk, tmp_path):
    frozen = frozen_on_disk(colours("Lgamma"))
    coverage = find_coverage(frozen.path)
    assert row_of(coverage, "Lgamma").gaps.keys() == {*TFJS, "onnx", *LITERT}
    assert not any(coverage_data(coverage)["covered"].values())
    assert len(gap_lines(coverage)) == 3
    with pytest.raises(DlconvError, match=r"cannot hold colours \(Lgamma\): .*never measured"):
        tfjs_artifact(frozen, tmp_path / "tfjs")
    with pytest.raises(DlconvError, match=r"does not write Lgamma as ONNX \(node colours\)"):
        onnx_artifact(frozen, tmp_path / "onnx")


def test_what_only_the_rewriting_covers_is_told_apart(frozen_on_disk, tmp_path):
    frozen = frozen_on_disk(colours("PreventGradient"))
    coverage = find_coverage(frozen.path)
    assert coverage.uncovered == ()
    (row,) = coverage.rewritten
    assert (row.op, row.frozen, row.onnx, row.tfjs) == ("PreventGradient", 1, 0, 0)
    assert row.missing.keys() >= TFJS
    tfjs_artifact(frozen, tmp_path / "rewritten")
    with pytest.raises(DlconvError, match="PreventGradient.*: dlconv does not write it"):
        tfjs_artifact(frozen, tmp_path / "plain", rewrite=False)


def test_an_op_that_calls_a_function_is_not_covered(frozen_on_disk):
    graph = colours("StatelessIf")
    graph.node[3].attr["then_branch"].func.name = "brighter"
    row = row_of(find_coverage(frozen_on_disk(graph).path), "StatelessIf")
    assert set(row.gaps.values()) == {"it calls a function, which dlconv does not convert"}
    assert row.gaps.keys() == {*TFJS, "onnx", *LITERT}


@pytest.mark.parametrize("op", ["Exit", "RFFT"])
def test_what_only_tf2onnx_knows_is_not_promised(frozen_on_disk, op):
    row = row_of(find_coverage(frozen_on_disk(colours(op)).path), op)
    assert row.missing["onnx"] == "dlconv does not write it, tf2onnx may"
    view = Graph(colours(op))
    with pytest.raises(DlconvError, match=f"does not write {op} as ONNX") as raised:
        to_onnx(view, find_contract(view))
    assert in_words(raised.value).endswith("(hint: tf2onnx may convert it: --converter tf2onnx)")


def test_fused_ops_are_asked_of_tfjs_alone(frozen_on_disk):
    graph = tiny_segmenter()
    bias = node("biased", "BiasAdd", "scores", "bias", T=np.float32)
    graph.node.insert(5, bias)
    graph.node.insert(5, const("bias", [1, 2, 3], np.float32))
    graph.node[-1].input[0] = "biased"
    coverage = find_coverage(frozen_on_disk(graph).path)
    fused = row_of(coverage, "_FusedConv2D")
    assert (fused.frozen, fused.onnx, fused.tfjs, fused.missing) == (0, 0, 1, {})
    conv = row_of(coverage, "Conv2D")
    assert (conv.frozen, conv.onnx, conv.tfjs) == (1, 1, 0)
    assert coverage.uncovered == ()
