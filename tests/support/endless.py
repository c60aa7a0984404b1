"""A model that never answers."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_endless_onnx(path: Path) -> Path:
    """Write an ONNX file that takes photos as others do, and loops on the first without end."""
    bounds = [1, None, None, 3]
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["still_going"]),
            helper.make_node("Identity", ["photo"], ["same_photo"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("photo", TensorProto.UINT8, bounds),
        ],
        [
            helper.make_tensor_value_info("still_going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("same_photo", TensorProto.UINT8, bounds),
        ],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["", "yes", "ImageTensor"], ["labels"], body=body)],
        "endless",
        [helper.make_tensor_value_info("ImageTensor", TensorProto.UINT8, bounds)],
        [helper.make_tensor_value_info("labels", TensorProto.UINT8, bounds)],
        [numpy_helper.from_array(np.array(True), "yes")],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path
