import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder
from support.running import run

from dlconv.convert.targets.onnx.model import write_model
from dlconv.convert.targets.tf2onnx import convert_with_tf2onnx
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.onnxruntime import OnnxruntimeRuntime


@pytest.mark.parametrize(("given", "wanted"), [(13, 97), (65, 513), (33, 257), (25, 193), (2, 3)])
def test_a_resize_reaches_its_size_whatever_the_ratio(tmp_path, given, wanted):
    graph = graph_def(
        placeholder("x", np.float32, (1, given, given, 3)),
        const("size", [wanted, wanted], np.int32),
        node("big", "ResizeBilinear", "x", "size", T=np.float32, align_corners=True),
        const("axis", 3, np.int32),
        node("y", "ArgMax", "big", "axis", T=np.float32, Tidx=np.int32, output_type=np.int64),
    )
    view = Graph(graph)
    write_model(convert_with_tf2onnx(view, find_contract(view)), tmp_path / "resize.onnx")
    with OnnxruntimeRuntime(tmp_path / "resize.onnx") as runtime:
        image = np.zeros((1, given, given, 3), np.float32)
        assert runtime.infer(image).labels.shape == (1, wanted, wanted)


def test_names_are_those_of_the_graph_in_the_bodies_of_loops_too(tmp_path):
    """tf2onnx makes a Loop of CropAndResize, whose body reads the input by its name."""
    graph = graph_def(
        placeholder("image", np.float32, (1, 6, 6, 3)),
        const("boxes", [[0.1, 0.2, 0.8, 0.9]], np.float32),
        const("of", [0], np.int32),
        const("size", [5, 5], np.int32),
        node("crop", "CropAndResize", "image", "boxes", "of", "size", T=np.float32),
        const("axis", 3, np.int32),
        node("y", "ArgMax", "crop", "axis", T=np.float32, Tidx=np.int32, output_type=np.int64),
    )
    view = Graph(graph)
    model = convert_with_tf2onnx(view, find_contract(view))
    assert any(node.op_type == "Loop" for node in model.skeleton.graph.node)
    image = np.random.default_rng(0).normal(size=(1, 6, 6, 3)).astype(np.float32)
    write_model(model, tmp_path / "crop.onnx")
    with OnnxruntimeRuntime(tmp_path / "crop.onnx") as runtime:
        assert np.array_equal(runtime.infer(image).labels, run(graph, "y", image=image))
