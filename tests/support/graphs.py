"""Small graphs, written node by node, for tests that need no network that works."""

import numpy as np
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.types_pb2 import DataType

from dlconv.graph.graph import Graph

DATA_TYPES = {
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "float16": "DT_HALF",
    "int32": "DT_INT32",
    "int64": "DT_INT64",
    "uint8": "DT_UINT8",
    "bool": "DT_BOOL",
    "int8": "DT_INT8",
    "int16": "DT_INT16",
    "uint16": "DT_UINT16",
    "uint32": "DT_UINT32",
    "uint64": "DT_UINT64",
}


def graph_of(content: bytes) -> bytes:
    """What may be a frozen graph, whatever bytes it is to hold."""
    made = NodeDef(name="bytes", op="Const")
    made.attr["value"].s = content
    return GraphDef(node=[made]).SerializeToString(deterministic=True)


def data_type(dtype) -> int:
    return DataType.Value(DATA_TYPES[np.dtype(dtype).name])


def node(name: str, op: str, *inputs: str, **attributes) -> NodeDef:
    """A node; attributes by Python type: dtype names as numpy dtypes, lists of ints, bytes..."""
    made = NodeDef(name=name, op=op, input=inputs)
    for key, value in attributes.items():
        attribute = made.attr[key]
        if isinstance(value, bool):
            attribute.b = value
        elif isinstance(value, int):
            attribute.i = value
        elif isinstance(value, float):
            attribute.f = value
        elif isinstance(value, bytes):
            attribute.s = value
        elif isinstance(value, list):
            attribute.list.i.extend(value)
        else:
            attribute.type = data_type(value)
    return made


def placeholder(name: str, dtype, shape) -> NodeDef:
    made = node(name, "Placeholder", dtype=dtype)
    made.attr["shape"].shape.SetInParent()
    for extent in shape:
        made.attr["shape"].shape.dim.add(size=-1 if extent is None else extent)
    return made


def const(name: str, value, dtype=None) -> NodeDef:
    array = np.asarray(value, dtype)
    made = node(name, "Const", dtype=array.dtype)
    tensor = made.attr["value"].tensor
    tensor.dtype = data_type(array.dtype)
    for extent in array.shape:
        tensor.tensor_shape.dim.add(size=extent)
    tensor.tensor_content = array.tobytes()
    return made


def graph_def(*nodes: NodeDef) -> GraphDef:
    made = GraphDef(node=nodes)
    made.versions.producer = 26
    return made


def tiny_kernel(classes: int = 3) -> np.ndarray:
    """A 1x1 kernel whose classes are, but for some noise, the strongest colour: all occur."""
    noise = np.random.default_rng(7).normal(scale=0.1, size=(3, classes))
    return (np.eye(3, classes) + noise).astype(np.float32).reshape(1, 1, 3, classes)


def tiny_segmenter(
    input_name: str = "ImageTensor",
    output_name: str = "SemanticPredictions",
    classes: int = 3,
    kernel=None,
) -> GraphDef:
    """A graph TensorFlow can run: each pixel's label is the class whose 1x1 kernel scores best."""
    if kernel is None:
        kernel = tiny_kernel(classes)
    f = np.float32
    return graph_def(
        placeholder(input_name, np.uint8, (1, None, None, 3)),
        node("ToFloat", "Cast", input_name, SrcT=np.uint8, DstT=f),
        const("weights", kernel, f),
        node("weights/read", "Identity", "weights", T=f),
        node(
            "scores",
            "Conv2D",
            "ToFloat",
            "weights/read",
            T=f,
            strides=[1, 1, 1, 1],
            padding=b"SAME",
            data_format=b"NHWC",
        ),
        const("axis", 3, np.int32),
        node(output_name, "ArgMax", "scores", "axis", T=f, Tidx=np.int32, output_type=np.int64),
    )


def convolving_three_axes():
    """A graph whose image loses an axis where shape inference cannot see it: oneDNN aborts.

    The extents [-1, 5, 5, 3] without what repeats are [-1, 5, 3].
    """
    f, i = np.float32, np.int32
    return graph_def(
        placeholder("ImageTensor", np.uint8, (1, None, None, 3)),
        node("ToFloat", "Cast", "ImageTensor", SrcT=np.uint8, DstT=f),
        node("size", "Shape", "ImageTensor", T=np.uint8, out_type=i),
        const("most", [-1, 5, 5, 3], i),
        node("extents", "Minimum", "size", "most", T=i),
        node("different", "Unique", "extents", T=i, out_idx=i),
        node("image", "Reshape", "ToFloat", "different", T=f, Tshape=i),
        const("weights", tiny_kernel(), f),
        node(
            "scores",
            "Conv2D",
            "image",
            "weights",
            T=f,
            strides=[1, 1, 1, 1],
            padding=b"SAME",
            data_format=b"NHWC",
        ),
        const("axis", -1, i),
        node("labels", "ArgMax", "scores", "axis", T=f, Tidx=i, output_type=np.int64),
    )


def copy(name: str, source: str, *control: str) -> NodeDef:
    return node(name, "Identity", source, *control, T=np.float32)


def fake_quant(name: str, source: str, low: float, high: float, **options) -> list[NodeDef]:
    """Rounding to 256 values of a range, as 8-bit training has it, with the range's constants."""
    ends = [
        const(f"{name}/{key}", value, np.float32) for key, value in (("min", low), ("max", high))
    ]
    inputs = source, ends[0].name, ends[1].name
    options = {"num_bits": 8, "narrow_range": False, **options}
    return [*ends, node(name, "FakeQuantWithMinMaxVars", *inputs, **options)]


def trained_layer(name: str, source: str, kernel, bias, limits, **options) -> list[NodeDef]:
    """A convolution as training for 8 bits leaves it; ``name`` is its BiasAdd."""
    return [
        const(f"{name}/floats", kernel, np.float32),
        *fake_quant(f"{name}/kernel", f"{name}/floats", *limits, narrow_range=True),
        convolution(f"{name}/conv", source, f"{name}/kernel", **options),
        const(f"{name}/bias", bias, np.float32),
        node(name, "BiasAdd", f"{name}/conv", f"{name}/bias", T=np.float32),
    ]


def relu6(name: str, source: str) -> NodeDef:
    return node(name, "Relu6", source, T=np.float32)


def cast(name: str, source: str, target, origin=np.float32) -> NodeDef:
    return node(name, "Cast", source, SrcT=origin, DstT=target)


def convolution(
    name: str,
    source: str,
    kernel: str,
    depthwise: bool = False,
    padding: bytes = b"SAME",
    strides=(1, 1),
    rates=(1, 1),
    data_format: bytes = b"NHWC",
) -> NodeDef:
    return node(
        name,
        "DepthwiseConv2dNative" if depthwise else "Conv2D",
        source,
        kernel,
        T=np.float32,
        strides=[1, *strides, 1],
        dilations=[1, *rates, 1],
        padding=padding,
        data_format=data_format,
    )


def batch_norm(
    name: str,
    source: str,
    gamma,
    beta,
    mean,
    variance,
    version: str = "",
    epsilon: float = 0.001,
    **attributes,
) -> list[NodeDef]:
    """A FusedBatchNorm (``version`` V2 or V3 for those) and its four constants."""
    values = {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    constants = [const(f"{name}/{key}", value, np.float32) for key, value in values.items()]
    attributes = {"is_training": False, "data_format": b"NHWC", **attributes}
    if version:
        attributes["U"] = np.float32
    norm = node(
        name,
        f"FusedBatchNorm{version}",
        source,
        *[constant.name for constant in constants],
        T=np.float32,
        epsilon=epsilon,
        **attributes,
    )
    return [*constants, norm]


def space_to_batch(name: str, source: str, blocks, paddings) -> list[NodeDef]:
    types = {"T": np.float32, "Tblock_shape": np.int32, "Tpaddings": np.int32}
    return [
        const(f"{name}/blocks", blocks, np.int32),
        const(f"{name}/paddings", paddings, np.int32),
        node(name, "SpaceToBatchND", source, f"{name}/blocks", f"{name}/paddings", **types),
    ]


def batch_to_space(name: str, source: str, blocks, crops) -> list[NodeDef]:
    types = {"T": np.float32, "Tblock_shape": np.int32, "Tcrops": np.int32}
    return [
        const(f"{name}/blocks", blocks, np.int32),
        const(f"{name}/crops", crops, np.int32),
        node(name, "BatchToSpaceND", source, f"{name}/blocks", f"{name}/crops", **types),
    ]


def atrous(
    name: str, source: str, kernel: str, blocks, paddings, crops, depthwise: bool = False
) -> list[NodeDef]:
    """An atrous convolution as TensorFlow 1.x wrote it, in three ops; the last is ``name``."""
    return [
        *space_to_batch(f"{name}/split", source, blocks, paddings),
        convolution(f"{name}/conv", f"{name}/split", kernel, depthwise, b"VALID"),
        *batch_to_space(name, f"{name}/conv", blocks, crops),
    ]


def resize(name: str, source: str, size: str, kind: str = "ResizeBilinear", **attributes):
    return node(name, kind, source, size, **{"T": np.float32, **attributes})


def layer(name: str, source: str, kernel, bias=None, **options) -> list[NodeDef]:
    """A convolution with constants of its own; ``name`` is its BiasAdd, or itself without one."""
    parts = [const(f"{name}/kernel", kernel, np.float32)]
    if bias is None:
        return [*parts, convolution(name, source, f"{name}/kernel", **options)]
    return [
        *parts,
        convolution(f"{name}/conv", source, f"{name}/kernel", **options),
        const(f"{name}/bias", bias, np.float32),
        node(name, "BiasAdd", f"{name}/conv", f"{name}/bias", T=np.float32),
    ]


def kernel_of(graph: Graph, convolution: NodeDef) -> NodeDef:
    """The constant that a convolution's kernel comes from."""
    kernel = graph.producer(convolution, 1)
    while kernel.op == "Identity":
        kernel = graph.producer(kernel, 0)
    return kernel
