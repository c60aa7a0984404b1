import numpy as np
import pytest
from support.graphs import batch_norm, const, graph_def, node, placeholder, tiny_segmenter
from support.onnx_operations import in_tensorflow
from support.running import assert_close, assert_untouched, ops, rewritten

from dlconv.convert.targets.tfjs.prepare.channels_last import channels_last
from dlconv.graph.graph import Graph

F, I32 = np.float32, np.int32
FIRST = {"T": F, "data_format": b"NCHW"}


def some(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(F)


def convolved(name, source, channels=(3, 4), op="Conv2D", **attributes):
    kernel = some(3, 3, *channels, seed=len(name))
    window = {"strides": [1, 1, 2, 1], "dilations": [1, 1, 1, 1], "padding": b"SAME"}
    return [
        const(f"{name}/kernel", kernel),
        node(name, op, source, f"{name}/kernel", **{**FIRST, **window, **attributes}),
    ]


def moved(nodes, image=(2, 3, 7, 8), output="y", free=True):
    """The graph that the pass makes of nodes; its output ``output`` is as it was."""
    for is_free in (False, True)[: 1 + free]:
        shape = [None if is_free else extent for extent in image]
        graph = graph_def(placeholder("x", F, shape), *nodes)
        made = rewritten(channels_last, graph)
        assert not any(each.attr["data_format"].s.startswith(b"NC") for each in made.node)
        feeds = {"x": some(*image, seed=3)}
        before, after = (in_tensorflow(Graph(each), feeds, output) for each in (graph, made))
        assert_close(before, after, np.abs(before).max())
    return made


def transposes(graph):
    return ops(graph).count("Transpose")


def pool(name, source, op="MaxPool", **attributes):
    window = {"ksize": [1, 1, 2, 3], "strides": [1, 1, 2, 1], "padding": b"VALID"}
    return node(name, op, source, **{**FIRST, **window, **attributes})


@pytest.mark.parametrize(
    "nodes",
    [
        convolved("y", "x"),
        convolved("y", "x", padding=b"EXPLICIT", explicit_paddings=[0, 0, 0, 0, 1, 2, 0, 3]),
        convolved("y", "x", (3, 2), "DepthwiseConv2dNative", strides=[1, 1, 2, 2]),
        [const("b", [1, 2, 3], F), node("y", "BiasAdd", "x", "b", **FIRST)],
        [pool("y", "x")],
        [pool("y", "x", "AvgPool")],
        batch_norm("y", "x", [1, 2, 3], [1, 0, 2], [0, 1, 2], [1, 2, 4], data_format=b"NCHW"),
        batch_norm("y", "x", [1, 2, 3], [1, 0, 2], [], [], is_training=True, data_format=b"NCHW"),
    ],
    ids=lambda nodes: nodes[-1].op,
)
def test_an_image_operation_is_moved(nodes):
    assert transposes(moved(nodes)) == 2


def test_a_gradient_is_moved_with_the_size_that_it_is_asked_for():
    window = {"strides": [1, 1, 2, 1], "dilations": [1, 1, 1, 1], "padding": b"SAME"}
    gradient = node("y", "Conv2DBackpropInput", "size", "kernel", "x", **FIRST, **window)
    kernel = const("kernel", some(3, 3, 5, 3))
    fixed = [const("size", [2, 5, 13, 8], I32), kernel, gradient]
    assert transposes(moved(fixed)) == 2
    computed = [
        node("given", "Shape", "x", T=F, out_type=I32),
        const("factors", [1, 1, 2, 1], I32),
        node("larger", "Mul", "given", "factors", T=I32),
        const("more", [0, 2, 0, 0], I32),
        node("size", "Add", "larger", "more", T=I32),
        kernel,
        gradient,
    ]
    assert transposes(moved(computed)) == 2


@pytest.mark.parametrize("op", ["Conv3D", "MaxPool3D", "AvgPool3D"])
def test_a_volume_is_moved(op):
    layout = {"T": F, "data_format": b"NCDHW", "strides": [1, 1, 1, 2, 1], "padding": b"VALID"}
    kernel = const("kernel", some(2, 1, 3, 3, 2))
    if op == "Conv3D":
        nodes = [kernel, node("y", op, "x", "kernel", **layout)]
    else:
        nodes = [node("y", op, "x", ksize=[1, 1, 2, 1, 3], **layout)]
    graph = graph_def(placeholder("x", F, (1, 3, 4, 5, 6)), *nodes)
    made = rewritten(channels_last, graph)
    image = some(1, 3, 4, 5, 6)
    feeds = {"x": image}
    last = graph_def(
        placeholder("x", F, (1, 4, 5, 6, 3)),
        *(_with_channels_last(each) for each in nodes),
    )
    expected = in_tensorflow(Graph(last), {"x": image.transpose(0, 2, 3, 4, 1)}, "y")
    expected = expected.transpose(0, 4, 1, 2, 3)
    assert_close(expected, in_tensorflow(Graph(made), feeds, "y"), np.abs(expected).max())


def _with_channels_last(given):
    made = type(given).FromString(given.SerializeToString())
    for key in ("strides", "ksize"):
        values = list(given.attr[key].list.i) if key in given.attr else []
        if values:
            made.attr[key].list.i[:] = [values[axis] for axis in (0, 2, 3, 4, 1)]
    if "data_format" in given.attr:
        made.attr["data_format"].s = b"NDHWC"
    return made


REDUCED = {"T": F, "Tidx": I32, "keep_dims": True}
TYPES = {"Tpaddings": I32, "Tidx": I32, "Index": I32, "Tlen": I32, "Tmultiples": I32, "Tdim": I32}


def between(*nodes):
    """Nodes between two convolutions; they read ``a`` [2, 4, 7, 8] and make ``b``."""
    return [*convolved("a", "x", strides=[1, 1, 1, 1]), *nodes, *convolved("y", "b", (4, 2))]


def one(op, *inputs, **attributes):
    return node("b", op, *inputs, **{"T": F, **attributes})


@pytest.mark.parametrize(
    "nodes",
    [
        between(one("Relu", "a")),
        between(const("c", some(4, 1, 1)), one("Mul", "c", "a")),
        between(const("c", some(1, 4, 1, 1)), one("Maximum", "a", "c")),
        between(const("c", some(7, 8)), one("Sub", "a", "c")),
        between(
            const("c", some(8)),
            const("s", [8], I32),
            node("d", "Reshape", "c", "s", T=F, Tshape=I32),
            one("AddV2", "a", "d"),
        ),
        between(one("AddV2", "a", "a")),
        between(
            const("ax", 1, I32),
            one("ConcatV2", "half", "other", "ax", N=2, Tidx=I32),
            *convolved("half", "a", (4, 2), strides=[1] * 4),
            *convolved("other", "a", (4, 2), strides=[1] * 4),
        ),
        between(
            const("p", [[0, 0], [0, 0], [1, 2], [0, 3]], I32), one("Pad", "a", "p", Tpaddings=I32)
        ),
        between(
            const("p", [[0, 0], [0, 0], [1, 2], [0, 3]], I32),
            one("MirrorPad", "a", "p", Tpaddings=I32, mode=b"REFLECT"),
        ),
        between(
            const("ax", [2, 3], I32), node("m", "Mean", "a", "ax", **REDUCED), one("Mul", "a", "m")
        ),
        between(
            const("ax", [-3], I32), node("m", "Max", "a", "ax", **REDUCED), one("Sub", "a", "m")
        ),
        between(
            const("s", [0, 0, 1, 2], I32),
            const("n", [-1, 4, 3, -1], I32),
            one("Slice", "a", "s", "n", Index=I32),
        ),
        between(
            const("s", [0, 0, 1], I32),
            const("e", [0, 4, -1], I32),
            const("d", [1, 1, 2], I32),
            one("StridedSlice", "a", "s", "e", "d", Index=I32, begin_mask=1, end_mask=1),
        ),
        between(
            const("ax", 1, I32),
            node("s", "Split", "ax", "a", T=F, num_split=2),
            one("ConcatV2", "s:1", "s", "ax", N=2, Tidx=I32),
        ),
        between(const("ax", [3], I32), one("ReverseV2", "a", "ax", Tidx=I32)),
        between(const("m", [1, 1, 2, 1], I32), one("Tile", "a", "m", Tmultiples=I32)),
        between(
            node("z", "ZerosLike", "a", T=F),
            node("g", "Greater", "a", "z", T=F),
            one("Select", "g", "a", "z"),
        ),
        between(
            const("o", [0, 2, 3, 1], I32),
            const("i", [0, 3, 1, 2], I32),
            node("t", "Transpose", "a", "o", T=F, Tperm=I32),
            node("r", "Softmax", "t", T=F),
            one("Transpose", "r", "i", Tperm=I32),
        ),
    ],
    ids=lambda nodes: "-".join(each.op for each in nodes[2:-2] if each.op != "Const"),
)
def test_what_lies_between_image_operations_needs_no_transpose(nodes):
    assert transposes(moved(nodes)) == 2


def test_what_is_added_gets_channels_last_if_it_is_computed():
    parts = [const("c", some(56)), const("s", [1, 7, 8], I32)]
    reshape = node("d", "Reshape", "c", "s", T=F, Tshape=I32)
    made = moved(between(*parts, reshape, one("AddV2", "a", "d")))
    assert transposes(made) == 3


@pytest.mark.parametrize(
    "nodes",
    [
        [const("ax", [2, 3], I32), node("y", "Mean", "a", "ax", T=F, Tidx=I32)],
        [const("ax", 1, I32), node("y", "ArgMax", "a", "ax", T=F, Tidx=I32, output_type=I32)],
        [
            const("ax", [2, 3], I32),
            node("m", "Mean", "a", "ax", **REDUCED),
            node("y", "Squeeze", "m", T=F, squeeze_dims=[2, 3]),
        ],
        [node("y", "Shape", "a", T=F, out_type=I32)],
        [node("y", "Size", "a", T=F, out_type=I32)],
        [const("o", [0, 2, 3, 1], I32), node("y", "Transpose", "a", "o", T=F, Tperm=I32)],
        [const("o", [1, 0, 2, 3], I32), node("y", "Transpose", "a", "o", T=F, Tperm=I32)],
    ],
    ids=lambda nodes: nodes[-1].op,
)
def test_what_has_no_channels_left_needs_none_behind(nodes):
    assert transposes(moved([*convolved("a", "x"), *nodes])) <= 1 + (nodes[0].name == "o")


@pytest.mark.parametrize(
    "nodes",
    [
        [node("y", "Softmax", "a", T=F)],
        [const("s", [2, -1], I32), node("y", "Reshape", "a", "s", T=F, Tshape=I32)],
        [const("ax", [0], I32), node("y", "Sum", "a", "ax", T=F, Tidx=I32)],
    ],
    ids=lambda nodes: nodes[-1].op,
)
def test_what_depends_on_the_order_gets_it(nodes):
    assert transposes(moved([*convolved("a", "x"), *nodes])) == 2


def test_a_name_stands_for_the_value_that_it_had():
    made = moved([*convolved("a", "x"), node("y", "Relu", "a", T=F), node("z", "Neg", "a", T=F)])
    found = in_tensorflow(Graph(made), {"x": some(2, 3, 7, 8)}, "z")
    assert found.shape == (2, 4, 4, 8)


def test_channels_last_stay():
    assert_untouched(channels_last, tiny_segmenter())
