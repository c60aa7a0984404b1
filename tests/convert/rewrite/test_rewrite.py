import json
from collections import Counter
from itertools import pairwise

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.artifacts import onnx_artifact, tfjs_artifact
from support.graphs import (
    atrous,
    batch_norm,
    const,
    convolution,
    copy,
    graph_def,
    node,
    placeholder,
    relu6,
    resize,
    tiny_segmenter,
)
from support.real import TARBALLS
from support.running import (
    Session,
    assert_close,
    assert_untouched,
    frozen_from,
    node_of,
    ops,
    result_of,
    rewritten,
    run,
    serialized,
)
from support.sample import sample_graph, sample_photos
from support.shared import PHOTOS, ZOO, needs_shared

from dlconv.compare import compare
from dlconv.convert.rewrite import rewrite
from dlconv.errors import UsageError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.graph.shapes import infer_static
from dlconv.recipe import Precision
from dlconv.runtimes.tfjs_node import TfjsNodeRuntime
from dlconv.verify.photos import find_photos, load_photo

F = np.float32
REAL_PHOTOS = ("2007_000063.jpg", "2007_000364.jpg", "2007_000129.jpg")


# Small graphs


def size_of(source, of):
    """A node with the height and width of a tensor in each run, and what it needs."""
    bounds = [const(f"{source}/{i}", [i], np.int32) for i in (1, 3)]
    names = [f"{source}/shape", *[f"{source}/{i}" for i in (1, 3, 1)]]
    return [
        *bounds,
        node(f"{source}/shape", "Shape", of, T=F, out_type=np.int32),
        node(source, "StridedSlice", *names, T=np.int32, Index=np.int32),
    ]


@st.composite
def blocks(draw, name, source, random):
    """What exports are made of; each keeps the size and the two channels."""
    kind = draw(st.sampled_from(["conv", "atrous", "norm", "relu", "resize", "copy", "residual"]))
    kernel = const(f"{name}/kernel", random.normal(size=(3, 3, 2, 2)).astype(F))
    read = copy(f"{name}/kernel/read", kernel.name)
    if kind == "conv":
        return [kernel, read, convolution(name, source, read.name)]
    if kind == "atrous":
        rate = draw(st.integers(1, 4))
        pads = ((rate, rate + -12 % rate), (rate, rate + -12 % rate))
        crops = ((0, -12 % rate), (0, -12 % rate))
        depthwise = const(kernel.name, random.normal(size=(3, 3, 2, 1)).astype(F))
        return [depthwise, read, *atrous(name, source, read.name, (rate, rate), pads, crops, True)]
    if kind == "norm":
        gamma, beta, mean = random.normal(size=(3, 2))
        variance = np.abs(random.normal(size=2)) + 0.1
        return batch_norm(name, source, gamma, beta, mean, variance)
    if kind == "resize":
        return [*size_of(f"{name}/size", "x"), resize(name, source, f"{name}/size")]
    if kind == "residual":
        return [relu6(f"{name}/branch", source), node(name, "Add", f"{name}/branch", source, T=F)]
    return [copy(name, source) if kind == "copy" else relu6(name, source)]


@st.composite
def exports(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    nodes = [
        placeholder("x", F, (1, None, None, 2)),
        node("half", "Cast", "x", SrcT=F, DstT=np.float64),
        node("whole", "Cast", "half", SrcT=np.float64, DstT=F),
    ]
    for index in range(draw(st.integers(1, 7))):
        nodes += draw(blocks(f"block{index}", nodes[-1].name, random))
    x = random.normal(size=(1, 12, 12, 2)).astype(F)
    return graph_def(*nodes, node("y", "Softsign", nodes[-1].name, T=F)), x


@settings(max_examples=60)
@given(exports())
def test_all_passes_together_keep_the_function_and_have_nothing_left_to_do(export):
    graph, x = export
    result = rewritten(rewrite, graph)
    left = set(ops(result))
    gone = {"Identity", "Cast", "SpaceToBatchND", "BatchToSpaceND", "ResizeBilinear", "Shape"}
    assert not left & gone
    for first, second in pairwise(n for n in result.node if n.op != "Const"):
        assert not (first.op == "Conv2D" and second.op.startswith("FusedBatchNorm"))
    fetch = graph.node[-1].input[0]
    before, after = run(graph, fetch, x=x), run(result, result.node[-1].input[0], x=x)
    assert_close(before, after, max(1, np.abs(before).max()), 1e-4)
    assert run(result, "y", x=x).shape == x.shape


def test_a_resize_after_an_atrous_convolution_goes_in_the_first_run():
    kernel = const("kernel", np.ones((3, 3, 2, 2)), F)
    even = ((2, 2), (2, 2))
    graph = graph_def(
        placeholder("x", F, (1, None, None, 2)),
        kernel,
        *atrous("a", "x", "kernel", (2, 2), even, ((0, 0), (0, 0))),
        *size_of("size", "x"),
        resize("r", "a", "size"),
        relu6("y", "r"),
    )
    assert ops(rewritten(rewrite, graph)) == ["Conv2D", "Relu6"]


def test_casts_around_a_resize_to_the_own_size_go_with_it():
    graph = graph_def(
        placeholder("x", np.int32, (1, 4, 5, 2)),
        const("size", [4, 5], np.int32),
        node("wide", "Cast", "x", SrcT=np.int32, DstT=np.float64),
        node("less", "Cast", "wide", SrcT=np.float64, DstT=F),
        resize("r", "less", "size"),
        node("back", "Cast", "r", SrcT=F, DstT=F),
        relu6("y", "back"),
    )
    assert ops(rewritten(rewrite, graph)) == ["Cast", "Cast", "Relu6"]


def test_only_the_passes_that_are_named_run_and_in_their_own_order():
    kernel = const("kernel", np.ones((1, 1, 2, 2)), F)
    norm = batch_norm("norm", "conv", [1, 2], [3, 4], [5, 6], [7, 8])
    graph = graph_def(
        placeholder("x", F, (1, None, None, 2)),
        kernel,
        convolution("conv", "x", "kernel"),
        *norm,
        copy("c", "norm"),
        relu6("y", "c"),
    )
    folded = result_of(rewrite.only("fold-batch-norms"), graph)
    assert ops(folded) == ["Conv2D", "BiasAdd", "Identity", "Relu6"]
    dropped = result_of(rewrite.only("drop-identities"), graph)
    assert ops(dropped) == ["Conv2D", "FusedBatchNorm", "Relu6"]
    both = result_of(rewrite.only("fold-batch-norms", "drop-identities"), graph)
    assert serialized(both) == serialized(result_of(rewrite.only(*reversed(rewrite.names)), graph))
    assert serialized(both) == serialized(result_of(rewrite, graph))


def test_a_pass_that_does_not_exist_is_wrong_usage():
    with pytest.raises(UsageError, match="no pass is called bold, fold ") as raised:
        rewrite.only("fold", "drop-casts", "bold")
    assert "drop-casts" in raised.value.hint


def test_a_graph_with_nothing_to_do_is_untouched():
    assert_untouched(rewrite, result_of(rewrite, tiny_segmenter()))


# The networks


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    return lambda tarball: frozen_from(tarball, tmp_path_factory.mktemp("frozen"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return sample_graph(tmp_path_factory.mktemp("sample"))


def real_photos():
    found = find_photos([PHOTOS / name for name in REAL_PHOTOS])
    return [load_photo(photo, (513, 513)) for photo in found]


def scores_and_labels(graph, photos):
    """The scores that the ArgMax reads, and the labels, of each photo in TensorFlow."""
    (arg_max,) = [n for n in graph.node if n.op == "ArgMax"]
    with Session(graph) as session:
        names = [arg_max.input[0], "SemanticPredictions"]
        return [session.run(names, ImageTensor=photo) for photo in photos]


def assert_same_network(graph, rewritten_graph, photos):
    assert len(photos) > 2
    before, after = (scores_and_labels(g, photos) for g in (graph, rewritten_graph))
    for (scores, labels), (new_scores, new_labels) in zip(before, after, strict=True):
        assert np.abs(scores - new_scores).max() <= 1e-3
        assert labels.dtype == new_labels.dtype
        assert np.mean(labels == new_labels) >= 0.9999
        assert len(np.unique(labels)) > 1


def test_the_sample_keeps_its_scores_and_labels(sample):
    graph = read_graph(sample.path)
    assert_same_network(graph, rewritten(rewrite, graph), sample_photos())


@pytest.mark.parametrize("name", rewrite.names)
def test_each_pass_alone_settles_on_the_sample(sample, name):
    graph = read_graph(sample.path)
    result = rewritten(rewrite.passes[name], graph)
    assert len(result.node) <= len(graph.node)
    assert node_of(result, "SemanticPredictions").op == "Slice"


def test_the_shapes_that_a_graph_keeps_are_those_inferred_anew(sample):
    graph = Graph(read_graph(sample.path))
    for run_pass in rewrite:
        infer_static(graph)
        graph = run_pass(graph).graph
        kept, anew = infer_static(graph), infer_static(Graph(graph.graph_def))
        assert kept.shapes == anew.shapes
        assert kept.values.keys() == anew.values.keys()
        assert all(np.array_equal(kept.values[name], anew.values[name]) for name in anew.values)


@needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("model", TARBALLS)
def test_real_networks_keep_their_scores_and_labels(frozen, model):
    graph = read_graph(frozen(ZOO / "models" / TARBALLS[model]).path)
    assert_same_network(graph, rewritten(rewrite, graph), real_photos())


def tfjs_nodes(directory):
    return json.loads((directory / "model.json").read_text())["modelTopology"]["node"]


def assert_tight(nodes):
    """The larger network's artifact: every convolution is one op with its bias and activation."""
    counts = Counter(n["op"] for n in nodes)
    assert counts["_FusedConv2D"] == 38
    assert counts["FusedDepthwiseConv2dNative"] == 17
    # Of pooled features there is one pixel, whose part of a sum is no constant vector.
    assert max(counts["Conv2D"], counts["Relu"]) <= 1
    left = {"DepthwiseConv2dNative", "SpaceToBatchND", "BatchToSpaceND", "AddN"}
    left |= {"FusedBatchNorm", "FusedBatchNormV3", "BiasAdd", "Relu6", "Identity"}
    assert not left & set(counts)
    (scaled,) = [n for n in nodes if n["op"] == "Mul"]
    by_name = {n["name"]: n for n in nodes}
    assert by_name[scaled["input"][0]]["op"] in ("Pad", "Add", "Cast", "Sub", "Const")  # the image
    assert sum(counts.values()) - counts["Const"] <= 115


def test_the_samples_artifacts_have_no_op_too_many(sample, tmp_path):
    assert_tight(tfjs_nodes(tfjs_artifact(sample, tmp_path / "tfjs").directory))
    assert len(onnx.load(onnx_artifact(sample, tmp_path / "onnx").entry).graph.node) <= 173


@needs_shared
@pytest.mark.slow
def test_a_real_networks_artifacts_have_no_op_too_many(frozen, tmp_path):
    network = frozen(ZOO / "models" / TARBALLS["real_mnv2"])
    assert_tight(tfjs_nodes(tfjs_artifact(network, tmp_path / "tfjs").directory))
    assert len(onnx.load(onnx_artifact(network, tmp_path / "onnx").entry).graph.node) <= 173


def mean_agreement(frozen_graph, photos, directory, rewrite):
    loaded = {"photos": lambda contract: photos}
    tfjs_artifact(frozen_graph, directory, Precision.UINT8, rewrite=rewrite, **loaded)
    references = scores_and_labels(read_graph(frozen_graph.path), photos)
    with TfjsNodeRuntime(directory) as runtime:
        return np.mean(
            [
                compare(labels, runtime.infer(photo).labels).scores().agreement
                for (_, labels), photo in zip(references, photos, strict=True)
            ]
        )


def assert_rewriting_costs_no_labels(frozen_graph, photos, folder):
    plain = mean_agreement(frozen_graph, photos, folder / "plain", rewrite=False)
    faster = mean_agreement(frozen_graph, photos, folder / "faster", rewrite=True)
    assert faster >= plain - 0.002
    assert plain > 0.95


def test_8_bit_weights_of_the_rewritten_sample_lose_no_more_labels(sample, tmp_path):
    assert_rewriting_costs_no_labels(sample, sample_photos(), tmp_path)


@needs_shared
@pytest.mark.long(seconds=60)
@pytest.mark.parametrize(
    "model", [pytest.param("real_mnv2", marks=pytest.mark.weekly), "real_mnv2_dm05"]
)
def test_8_bit_weights_of_rewritten_networks_lose_no_more_labels(frozen, tmp_path, model):
    network = frozen(ZOO / "models" / TARBALLS[model])
    assert_rewriting_costs_no_labels(network, real_photos()[:2], tmp_path)
