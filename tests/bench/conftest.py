"""Artifacts that no converter is needed for: making these takes no TensorFlow."""

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.graphs import tiny_kernel

from dlconv.artifacts.manifest import MANIFEST_NAME, Manifest, read_artifact, write_manifest
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.recipe import Precision, Recipe


def tiny_onnx():
    """The tiny segmenter of support.graphs, written by hand."""
    axes = {"perm": [0, 3, 1, 2]}
    nodes = [
        helper.make_node("Cast", ["ImageTensor"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], **axes),
        helper.make_node("Conv", ["planes", "kernel"], ["scores"]),
        helper.make_node("ArgMax", ["scores"], ["SemanticPredictions"], axis=1, keepdims=0),
    ]
    photo = helper.make_tensor_value_info("ImageTensor", TensorProto.UINT8, [1, None, None, 3])
    labels = helper.make_tensor_value_info(
        "SemanticPredictions", TensorProto.INT64, [1, None, None]
    )
    kernel = numpy_helper.from_array(tiny_kernel().transpose(3, 2, 0, 1).copy(), "kernel")
    graph = helper.make_graph(nodes, "tiny", [photo], [labels], [kernel])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture
def onnx_artifact(tiny, tmp_path):
    """An ONNX artifact in ``tmp_path/onnx``."""
    directory = tmp_path / "onnx"
    directory.mkdir()
    onnx.save(tiny_onnx(), directory / "model.onnx")
    manifest = Manifest(
        target="onnx",
        precision=Precision.FLOAT32,
        converter="dlconv",
        source=tiny.source,
        contract=find_contract(Graph(read_graph(tiny.path))),
        classes=tiny.classes,
        recipe=Recipe("onnx"),
        versions={},
    )
    write_manifest(manifest, directory, directory / MANIFEST_NAME)
    return read_artifact(directory)
