import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder

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
