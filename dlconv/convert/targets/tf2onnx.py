"""tf2onnx as a converter, with the same interface as our own writer, which is compared with it.

It runs in this process and imports TensorFlow. What it returns is given the frozen graph's own
input and output names, a canonical order and stable names.
"""

import logging
import os
from typing import TYPE_CHECKING

import numpy as np

from dlconv.convert.canonical import canonicalize, rename
from dlconv.convert.targets.onnx.model import Model
from dlconv.convert.targets.onnx.opset import check_opset
from dlconv.convert.targets.tf2onnx_operations import NEWEST
from dlconv.errors import DlconvError, first_line
from dlconv.graph.contract import Contract
from dlconv.graph.graph import Graph
from dlconv.graph.prune import prune
from dlconv.recipe import DEFAULT_OPSET
from dlconv.tensorflow import load_tensorflow, quiet_standard_error

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

# Resize with align_corners came with opset 11.
OPSETS = (11, NEWEST)


def convert_with_tf2onnx(graph: Graph, contract: Contract, opset: int = DEFAULT_OPSET) -> Model:
    """Convert a frozen graph to a model in canonical form.

    Raises UsageError for an opset out of range, DlconvError when tf2onnx cannot convert the graph.
    """
    check_opset(opset, OPSETS)
    model = _convert(graph, contract, opset)
    _name_as_the_graph_does(model, contract)
    _write_paddings_out(model)
    _round_scales_up(model)
    canonicalize(model, graph)
    return Model.of(model)


def _convert(graph: Graph, contract: Contract, opset: int) -> "ModelProto":
    tensorflow = load_tensorflow()
    with quiet_standard_error():
        import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    # Otherwise it copies the whole graph before each of its dozens of optimizer runs.
    os.environ.setdefault("TF2ONNX_CATCH_ERRORS", "FALSE")
    graph_def = tensorflow.compat.v1.GraphDef()
    graph_def.node.extend(
        tensorflow.compat.v1.NodeDef.FromString(node.SerializeToString())
        for node in prune(graph, contract).graph.nodes.values()
    )
    graph_def.versions.producer = graph.versions.producer
    model: ModelProto
    try:
        model, _ = tf2onnx.convert.from_graph_def(
            graph_def,
            input_names=[contract.input.tensor],
            output_names=[contract.output.tensor],
            opset=opset,
        )
    except Exception as error:  # tf2onnx raises whatever its handlers meet
        raise DlconvError(f"tf2onnx cannot convert the graph: {first_line(error)}") from error
    return model


def _name_as_the_graph_does(model: "ModelProto", contract: Contract) -> None:
    names = {spec.tensor: spec.node for spec in (contract.input, contract.output)}
    rename(model.graph.node, names)
    for value in [*model.graph.input, *model.graph.output]:
        value.name = names.get(value.name, value.name)
    _name_extents(model.graph.input[0], "height", "width")
    _name_extents(model.graph.output[0], "label_height", "label_width")


def _name_extents(value: "ValueInfoProto", height: str, width: str) -> None:
    for dim, name in zip(value.type.tensor_type.shape.dim[1:3], (height, width), strict=False):
        if not dim.HasField("dim_value"):
            dim.dim_param = name


def _write_paddings_out(model: "ModelProto") -> None:
    """Give Conv nodes of stride 1 their paddings in place of SAME_UPPER.

    ONNX Runtime refuses to run a dilated convolution with ``auto_pad`` (``Dilation not supported
    for AutoPadType::SAME_UPPER``); with stride 1 the paddings do not depend on the size.
    """
    from onnx import helper

    for node in model.graph.node:
        attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type != "Conv" or attributes.get("auto_pad") != b"SAME_UPPER":
            continue
        sizes = attributes.get("kernel_shape", [])
        if not sizes or any(stride != 1 for stride in attributes.get("strides", [])):
            continue
        rates = attributes.get("dilations", [1] * len(sizes))
        totals = [rate * (size - 1) for rate, size in zip(rates, sizes, strict=True)]
        pads = [total // 2 for total in totals] + [total - total // 2 for total in totals]
        kept = [item for item in node.attribute if item.name not in ("auto_pad", "pads")]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute("pads", pads)])


def _round_scales_up(model: "ModelProto") -> None:
    """Make Resize nodes reach the size they are meant for.

    tf2onnx writes the ratio of two sizes as float32, ONNX takes the floor of the product; where the
    ratio was rounded down, the result is one pixel short (13 * 7.4615383 is 96.99...).
    """
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    scales = {
        node.input[2]
        for node in model.graph.node
        if node.op_type == "Resize" and len(node.input) == 3 and node.input[2] in constants
    }
    for name in scales:
        values = numpy_helper.to_array(constants[name])
        above = np.nextafter(values, np.float32(np.inf))
        rounded = np.where(values == np.round(values), values, above)
        constants[name].CopyFrom(numpy_helper.from_array(rounded.astype(np.float32), name))
