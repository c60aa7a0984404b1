import os
import subprocess
import sys
from collections import Counter

import numpy as np
import onnxruntime
import pytest
from support.artifacts import onnx_artifact
from support.graphs import (
    const,
    convolution,
    graph_def,
    layer,
    node,
    placeholder,
    relu6,
    tiny_segmenter,
)
from support.onnx_operations import in_onnxruntime, written
from support.running import run

from dlconv.cli.words import in_words
from dlconv.convert.targets.onnx.write import can_write, to_onnx
from dlconv.errors import DlconvError
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.recipe import Interface

F = np.float32
PHOTO = np.random.default_rng(5).integers(0, 256, (1, 7, 9, 3), np.uint8)


def model_of(definition, **options):
    graph = Graph(definition)
    return to_onnx(graph, find_contract(graph), **options)


def kinds_of(model):
    return Counter(each.op_type for each in model.skeleton.graph.node)


def ends_of(values):
    """Each input or output by name: its shape, with names for extents that vary."""
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in values
    }


def two_layers():
    """Two convolutions with activations, whose names are the frozen graph's."""
    random = np.random.default_rng(0)
    return graph_def(
        placeholder("photo", F, (1, None, None, 3)),
        *layer("one", "photo", random.normal(size=(3, 3, 3, 4)), random.normal(size=4)),
        relu6("one/relu", "one"),
        *layer("two", "one/relu", random.normal(size=(1, 1, 4, 5)), random.normal(size=5)),
        const("axis", 3, np.int32),
        node("labels", "ArgMax", "two", "axis", T=F, Tidx=np.int32, output_type=np.int64),
    )


def test_nodes_constants_and_ends_have_the_names_of_the_frozen_graph():
    model = model_of(two_layers())
    graph = model.skeleton.graph
    named = [each.output[0] for each in graph.node]
    assert named == ["one/conv/Transpose", "one", "one/relu", "two", "labels"]
    assert {"one/kernel", "one/bias", "two/kernel", "two/bias"} <= {*model.constants}
    assert ends_of(graph.input) == {"photo": [1, "height", "width", 3]}
    assert ends_of(graph.output) == {"labels": [1, "label_height", "label_width"]}


def test_channels_move_once_and_biases_join_their_convolutions():
    assert kinds_of(model_of(two_layers())) == {"Transpose": 1, "Conv": 2, "Clip": 1, "ArgMax": 1}


def test_a_fixed_size_leaves_no_arithmetic_of_sizes():
    definition = two_layers()
    for dim, extent in zip(definition.node[0].attr["shape"].shape.dim, (1, 9, 9, 3), strict=True):
        dim.size = extent
    graph = model_of(definition).skeleton.graph
    assert ends_of(graph.input) == {"photo": [1, 9, 9, 3]}
    assert ends_of(graph.output) == {"labels": [1, 9, 9]}


def test_with_channels_first_nothing_is_moved():
    model = model_of(two_layers(), layout="nchw")
    assert "Transpose" not in kinds_of(model)
    assert ends_of(model.skeleton.graph.input) == {"photo": [1, 3, "height", "width"]}
    image = PHOTO.astype(F)
    found = in_onnxruntime(model, {"photo": image.transpose(0, 3, 1, 2)})
    assert np.array_equal(found, run(two_layers(), "labels", photo=image))


def test_scores_have_channels_where_the_image_has_them():
    definition = two_layers()
    del definition.node[-2:]
    (shape,) = ends_of(model_of(definition).skeleton.graph.output).values()
    assert shape[3] == 5
    model = model_of(definition, layout="nchw")
    (shape,) = ends_of(model.skeleton.graph.output).values()
    assert shape[1] == 5
    image = PHOTO.astype(F)
    found = in_onnxruntime(model, {"photo": image.transpose(0, 3, 1, 2)})
    expected = run(definition, "two", photo=image)
    assert np.allclose(found.transpose(0, 2, 3, 1), expected, atol=1e-3)


def test_an_artifact_with_channels_first_says_so(tiny, tmp_path):
    artifact = onnx_artifact(tiny, tmp_path / "nchw", interface=Interface(layout="nchw"))
    assert artifact.manifest.contract.input.shape == (1, 3, None, None)
    assert artifact.title == "onnx float32 nchw"
    session = onnxruntime.InferenceSession(artifact.entry)
    (labels,) = session.run(None, {"ImageTensor": PHOTO.transpose(0, 3, 1, 2)})
    assert np.array_equal(labels, run(tiny_segmenter(), "SemanticPredictions", ImageTensor=PHOTO))


def test_the_same_graph_gives_the_same_bytes_in_any_process(tmp_path):
    program = (
        "import sys; from support.graphs import tiny_segmenter; "
        "from dlconv.convert.targets.onnx.model import write_model; "
        "from dlconv.convert.targets.onnx.write import to_onnx; "
        "from dlconv.graph.contract import find_contract; from dlconv.graph.graph import Graph; "
        "from pathlib import Path; graph = Graph(tiny_segmenter()); "
        "write_model(to_onnx(graph, find_contract(graph)), Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(map(str, sys.path)),
        }
        command = [sys.executable, "-c", program, str(tmp_path / seed)]
        subprocess.run(command, env=environment, check=True)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_writing_imports_no_tensorflow(tiny, tmp_path, precision):
    program = (
        "import sys; from pathlib import Path; from dlconv import api; "
        "frozen = api.find(sys.argv[1]); "
        "api.convert(frozen, api.Recipe('onnx', sys.argv[3]), Path(sys.argv[2])); "
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tiny.path), str(tmp_path / "out.onnx"), precision]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "onnx" in modules
    assert not {"tensorflow", "tf2onnx", "onnxruntime"} & {*modules}


def test_what_nothing_reads_is_not_written():
    definition = two_layers()
    definition.node.extend([relu6("aside", "two"), const("lost", np.zeros(9), F)])
    graph = Graph(definition)
    contract = find_contract(graph)
    model = to_onnx(graph, contract)
    assert kinds_of(model)["Clip"] == 1
    assert "lost" not in model.constants


def test_an_output_that_is_the_input_or_a_constant_has_a_node():
    image = np.ones((1, 2, 2, 1), F)
    graph = Graph(graph_def(placeholder("x", F, image.shape), node("y", "Identity", "x", T=F)))
    model = written(graph, "y")
    assert kinds_of(model) == {"Identity": 1}
    assert np.array_equal(in_onnxruntime(model, {"x": image}), image)

    graph = Graph(
        graph_def(placeholder("x", F, image.shape), node("y", "Shape", "x", T=F, out_type=np.int32))
    )
    model = written(graph, "y")
    assert kinds_of(model) == {"Identity": 1}
    assert in_onnxruntime(model, {"x": image}).tolist() == [1, 2, 2, 1]


def test_an_input_without_a_shape_is_what_its_readers_take():
    kernel = np.random.default_rng(3).normal(size=(3, 3, 3, 4))
    nodes = [node("x", "Placeholder", dtype=F), *layer("y", "x", kernel)]
    graph = Graph(graph_def(*nodes))
    model = written(graph, "y")
    assert ends_of(model.skeleton.graph.input) == {"x": [0, "height", "width", 3]}
    for size in [(1, 6, 6, 3), (2, 5, 9, 3)]:
        image = np.random.default_rng(4).normal(size=size).astype(F)
        expected = run(graph.graph_def, "y", x=image)
        assert np.allclose(in_onnxruntime(model, {"x": image}), expected, atol=1e-4)


def test_an_input_of_which_no_reader_shows_the_rank_is_refused():
    definition = graph_def(node("x", "Placeholder", dtype=F), relu6("y", "x"))
    with pytest.raises(DlconvError, match="how many axes x has") as raised:
        written(Graph(definition), "y")
    assert raised.value.code == "no-rank"


def test_equal_nodes_are_written_once_but_convolutions():
    """A bias joins one of two equal convolutions, which must not change the other."""
    kernel = np.random.default_rng(1).normal(size=(1, 1, 3, 3)).astype(F)
    graph = Graph(
        graph_def(
            placeholder("x", F, (1, 4, 4, 3)),
            const("kernel", kernel),
            convolution("one", "x", "kernel"),
            convolution("other", "x", "kernel"),
            const("bias", [1, 2, 3], F),
            node("biased", "BiasAdd", "one", "bias", T=F),
            node("a", "Relu", "biased", T=F),
            node("b", "Relu", "biased", T=F),
            node("c", "Add", "a", "b", T=F),
            node("y", "Add", "c", "other", T=F),
        )
    )
    model = written(graph, "y")
    assert kinds_of(model)["Conv"] == 2
    assert kinds_of(model)["Relu"] == 1
    image = np.random.default_rng(2).normal(size=(1, 4, 4, 3)).astype(F)
    expected = run(graph.graph_def, "y", x=image)
    assert np.allclose(in_onnxruntime(model, {"x": image}), expected, atol=1e-4)


def test_an_unknown_op_is_refused_with_its_node():
    definition = graph_def(placeholder("x", F, (1, 2)), node("odd", "NoSuchOp", "x", T=F))
    with pytest.raises(DlconvError, match=r"does not write NoSuchOp as ONNX \(node odd\)$"):
        model_of(definition)
    assert not can_write("NoSuchOp")


def test_what_only_tf2onnx_knows_names_it():
    definition = graph_def(placeholder("x", F, (1, 2)), node("loop", "Enter", "x", T=F))
    with pytest.raises(DlconvError) as raised:
        model_of(definition)
    assert in_words(raised.value).endswith("tf2onnx may convert it: --converter tf2onnx)")


def test_attributes_that_do_not_fit_are_one_line_with_the_node():
    definition = graph_def(
        placeholder("x", F, (1, 4, 4, 3)),
        node("pool", "MaxPool", "x", T=F, ksize=[1, 2], strides=[1], padding=b"SAME"),
    )
    with pytest.raises(DlconvError, match=r"ONNX cannot hold pool \(MaxPool\): ") as raised:
        model_of(definition)
    assert "\n" not in str(raised.value)
