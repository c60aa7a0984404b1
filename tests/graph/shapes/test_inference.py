import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import (
    batch_norm,
    batch_to_space,
    const,
    convolution,
    copy,
    graph_def,
    node,
    placeholder,
    relu6,
    resize,
    space_to_batch,
)
from support.running import run

from dlconv.graph.graph import Graph, NodeOutput
from dlconv.graph.shapes import infer_static, numbers_of

F, I = np.float32, np.int32  # noqa: E741
CHANNELS = 2


def static_of(*nodes, shape=(1, None, None, CHANNELS)):
    return infer_static(Graph(graph_def(placeholder("x", F, shape), *nodes)))


def shape_of(*nodes, shape=(1, None, None, CHANNELS)):
    return static_of(*nodes, shape=shape).shapes[nodes[-1].name]


def value_of(*nodes, shape=(1, None, None, CHANNELS)):
    return static_of(*nodes, shape=shape).values.get(nodes[-1].name)


def sliced(name, source, begin, end, stride=1, **masks):
    bounds = {"begin": begin, "end": end, "stride": stride}
    names = [f"{name}/{key}" for key in bounds]
    constants = [const(n, [bound], I) for n, bound in zip(names, bounds.values(), strict=True)]
    return [*constants, node(name, "StridedSlice", source, *names, T=I, Index=I, **masks)]


SHAPE = node("shape", "Shape", "x", T=F, out_type=I)


def pool(name, source, kind, size, stride, padding):
    windows = {"ksize": [1, size, size, 1], "strides": [1, stride, stride, 1]}
    return node(name, kind, source, T=F, padding=padding, data_format=b"NHWC", **windows)


@st.composite
def layers(draw, name, source):
    """Nodes that take a picture of CHANNELS channels and give one; sizes change as they like."""
    kind = draw(
        st.sampled_from(
            ["conv", "depthwise", "pool", "pad", "atrous", "resize", "norm", "concat", "own size"]
        )
    )
    padding = draw(st.sampled_from([b"SAME", b"VALID"]))
    stride, rate = draw(st.sampled_from([(1, 1), (2, 1), (1, 2), (1, 3)]))
    size = draw(st.sampled_from([(1, 1), (3, 1), (1, 3), (3, 3)]))
    kernel = const(f"{name}/kernel", np.ones((*size, CHANNELS, CHANNELS)), F)
    if kind in ("conv", "depthwise"):
        options = (padding, (stride, stride), (rate, rate))
        if kind == "conv":
            return [kernel, convolution(name, source, kernel.name, False, *options)]
        kernel = const(f"{name}/kernel", np.ones((*size, CHANNELS, 1)), F)
        return [kernel, convolution(name, source, kernel.name, True, *options)]
    if kind == "pool":
        op = draw(st.sampled_from(["MaxPool", "AvgPool"]))
        return [pool(name, source, op, 2, stride, padding)]
    if kind == "pad":
        amounts = draw(st.lists(st.integers(0, 3), min_size=4, max_size=4))
        pads = const(f"{name}/pads", [[0, 0], amounts[:2], amounts[2:], [0, 0]], I)
        return [pads, node(name, "Pad", source, pads.name, T=F, Tpaddings=I)]
    if kind == "atrous":
        return [
            *space_to_batch(f"{name}/split", source, (1, 1), ((2, 1), (0, 3))),
            *batch_to_space(name, f"{name}/split", (1, 1), ((1, 0), (0, 1))),
        ]
    if kind == "resize":
        extents = draw(st.tuples(st.integers(33, 36), st.integers(33, 36)))
        return [const(f"{name}/size", extents, I), resize(name, source, f"{name}/size")]
    if kind == "norm":
        vectors = {key: np.ones(CHANNELS) for key in ("gamma", "beta", "mean", "variance")}
        return batch_norm(name, source, **vectors)
    if kind == "concat":
        relu = relu6(f"{name}/relu", source)
        axis = const(f"{name}/axis", draw(st.sampled_from([1, 2, -2])), I)
        return [relu, axis, node(name, "ConcatV2", source, relu.name, axis.name, T=F, Tidx=I, N=2)]
    asked = node(f"{name}/shape", "Shape", source, T=F, out_type=I)
    larger = const(f"{name}/more", draw(st.integers(0, 2)), I)
    return [
        asked,
        larger,
        *sliced(f"{name}/extents", asked.name, 1, 3),
        node(f"{name}/size", "Add", f"{name}/extents", larger.name, T=I),
        resize(name, source, f"{name}/size"),
    ]


@settings(max_examples=60)
@given(st.data(), st.booleans(), st.tuples(st.integers(33, 40), st.integers(33, 40)))
def test_what_is_inferred_is_so_in_tensorflow(data, is_dynamic, extents):
    shape = (1, None, None, CHANNELS) if is_dynamic else (1, *extents, CHANNELS)
    nodes = [placeholder("x", F, shape)]
    for index in range(data.draw(st.integers(1, 3))):
        nodes += data.draw(layers(f"layer{index}", nodes[-1].name))
    graph = graph_def(*nodes)
    static = infer_static(Graph(graph))
    x = np.zeros((1, *extents, CHANNELS), F)
    symbols = {"x[1]": extents[0], "x[2]": extents[1]}
    names = [n.name for n in graph.node if n.op != "Placeholder"]
    results = run(graph, names, x=x)
    for name, result in zip(names, results, strict=True):
        inferred = static.shapes[name]
        if inferred is not None:
            assert len(inferred) == result.ndim
            for extent, actual in zip(inferred, result.shape, strict=True):
                assert extent is None or symbols.get(extent, extent) == actual
        if name in static.values:
            values = static.values[name]
            for extent, actual in zip(values.ravel(), result.ravel(), strict=True):
                assert extent is None or symbols.get(extent, extent) == actual
    if not is_dynamic:
        assert numbers_of(static.shapes[nodes[-1].name]) == results[-1].shape


def test_extents_that_vary_are_symbols_of_their_input():
    assert shape_of(relu6("y", "x")) == (1, "x[1]", "x[2]", CHANNELS)
    assert numbers_of(shape_of(relu6("y", "x"))) == (1, None, None, CHANNELS)
    assert numbers_of(None) is None


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [b"SAME", b"VALID"])
def test_only_a_same_window_of_stride_1_keeps_a_size_that_varies(stride, padding):
    kernel = const("kernel", np.ones((3, 3, CHANNELS, 5)), F)
    conv = convolution("y", "x", "kernel", False, padding, (stride, stride))
    keeps = stride == 1 and padding == b"SAME"
    expected = (1, "x[1]", "x[2]", 5) if keeps else (1, None, None, 5)
    assert shape_of(kernel, conv) == expected


def test_the_size_that_an_export_asks_for_is_followed():
    value = value_of(
        SHAPE,
        *sliced("height", "shape", 1, 2, shrink_axis_mask=1),
        *sliced("width", "shape", -2, -1, shrink_axis_mask=1),
        const("zero", 0, I),
        node("same", "Add", "height", "zero", T=I),
        node("size", "Pack", "same", "width", T=I, N=2),
    )
    assert value.tolist() == ["x[1]", "x[2]"]


@pytest.mark.parametrize(
    ("op", "constant", "result"),
    [
        ("Add", 0, "x[1]"),
        ("AddV2", 1, None),
        ("Sub", 0, "x[1]"),
        ("Sub", 1, None),
        ("Mul", 1, "x[1]"),
        ("Mul", 2, None),
        ("Maximum", 9, None),
        ("FloorDiv", 1, "x[1]"),
        ("FloorDiv", 2, None),
        ("FloorMod", 1, 0),
        ("Minimum", 9, None),
        ("Equal", 9, None),
    ],
)
def test_arithmetic_keeps_a_symbol_only_where_it_must_be_the_same(op, constant, result):
    value = value_of(
        SHAPE,
        *sliced("height", "shape", 1, 2, shrink_axis_mask=1),
        const("constant", constant, I),
        node("y", op, "height", "constant", T=I),
    )
    assert (None if value is None else value.item()) == result


def test_a_symbol_less_itself_is_nothing():
    height = sliced("height", "shape", 1, 2, shrink_axis_mask=1)
    difference = node("y", "Sub", "height", "height", T=I)
    assert value_of(SHAPE, *height, difference).item() == 0


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ((3, 1), (1, 4), (3, 4)),
        ((3,), (2, 3), (2, 3)),
        ((None, 3), (2, 3), (2, 3)),
        ((None, 3), (None, 3), (None, 3)),
        ((None, 3), (1, 1), ("a[0]", 3)),
        ((1,), (5,), (5,)),
    ],
)
def test_shapes_are_broadcast_as_tensorflow_does(first, second, both):
    inputs = [placeholder("a", F, first), placeholder("b", F, second)]
    assert shape_of(*inputs, node("y", "Add", "a", "b", T=F)) == both


NORM = batch_norm("norm", "x", **{k: [1, 1] for k in ("gamma", "beta", "mean", "variance")})


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([node("y", "NoSuchOp", "x")], id="an op without a rule"),
        pytest.param([node("odd", "NoSuchOp", "x"), relu6("y", "odd")], id="behind such an op"),
        pytest.param([*NORM, copy("y", "norm:9")], id="an output that a node does not have"),
        pytest.param([node("y", "Squeeze", "x", T=F)], id="a squeeze of all axes of 1"),
        pytest.param([node("y", "Relu6")], id="no input at all"),
    ],
)
def test_nothing_is_guessed_of_a_shape(nodes):
    assert shape_of(*nodes) is None


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([const("y", np.zeros(65), F)], id="more values than shape arithmetic has"),
        pytest.param([placeholder("y", I, (2,))], id="fed values"),
        pytest.param(
            [const("many", [99], I), const("one", 1, I), node("y", "Fill", "many", "one", T=I)],
            id="more values made than shape arithmetic has",
        ),
        pytest.param(
            [const("v", [300], I), node("y", "Cast", "v", SrcT=I, DstT=np.uint8)],
            id="a cast to fewer bits",
        ),
    ],
)
def test_nothing_is_guessed_of_a_value(nodes):
    assert value_of(*nodes) is None


def test_a_slice_keeps_what_it_is_asked_for():
    bounds = [const("begin", [0, 0, 0, 0], I), const("sizes", [1, -1, 5, 2], I)]
    cut = node("y", "Slice", "x", "begin", "sizes", T=F, Index=I)
    assert shape_of(*bounds, cut) == (1, "x[1]", 5, 2)


def test_axes_come_and_go():
    axis = const("axis", 3, I)
    labels = node("labels", "ArgMax", "x", "axis", T=F, Tidx=I, output_type=np.int64)
    assert shape_of(axis, labels) == (1, "x[1]", "x[2]")
    end = const("end", -1, I)
    expanded = node("y", "ExpandDims", "labels", "end", T=np.int64, Tdim=I)
    assert shape_of(axis, labels, end, expanded) == (1, "x[1]", "x[2]", 1)
    squeezed = node("z", "Squeeze", "y", T=np.int64, squeeze_dims=[-1, 0])
    assert shape_of(axis, labels, end, expanded, squeezed) == ("x[1]", "x[2]")


AXES = const("axes", [1, 2], I)


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param(
            [AXES, node("y", "Mean", "x", "axes", T=F, Tidx=I, keep_dims=True)], id="mean"
        ),
        pytest.param([AXES, node("y", "Mean", "x", "axes", T=F, Tidx=I)], id="mean without axes"),
        pytest.param(
            [const("to", [2, -1], I), node("y", "Reshape", "x", "to", T=F, Tshape=I)], id="reshape"
        ),
        pytest.param([node("y", "Squeeze", "x", T=F)], id="squeeze"),
        pytest.param(
            [
                const("to", [15, 2 * CHANNELS], I),
                node("a", "Reshape", "x", "to", T=F, Tshape=I),
                node("y", "MatMul", "a", "a", T=F, transpose_a=True),
            ],
            id="matrix multiplication",
        ),
        pytest.param([node("y", "Rsqrt", "x", T=F)], id="element by element"),
        pytest.param([node("y", "Minimum", "x", "x", T=F)], id="broadcast"),
    ],
)
def test_shapes_of_classifiers_are_those_of_tensorflow(nodes):
    graph = graph_def(placeholder("x", F, (1, 5, 6, CHANNELS)), *nodes)
    expected = run(graph, "y", x=np.ones((1, 5, 6, CHANNELS), F)).shape
    assert infer_static(Graph(graph)).shapes["y"] == expected


def test_given_shapes_take_the_place_of_a_placeholders():
    graph = Graph(graph_def(placeholder("x", F, (1, None, None, CHANNELS)), relu6("y", "x")))
    assert infer_static(graph, {"x": (1, 5, 6, CHANNELS)}).shapes["y"] == (1, 5, 6, CHANNELS)


def test_shapes_are_inferred_once_for_each_given_and_stay_with_the_graph():
    graph = Graph(graph_def(placeholder("x", F, (1, None, None, CHANNELS)), relu6("y", "x")))
    any_size, small = infer_static(graph), infer_static(graph, {"x": (1, 5, 6, CHANNELS)})
    assert infer_static(graph).inferred is any_size.inferred
    assert infer_static(graph, {"x": (1, 5, 6, CHANNELS)}).inferred is small.inferred
    assert any_size.shapes["y"] != small.shapes["y"]
    assert not graph.with_nodes(graph.nodes.values()).inferred


def test_every_output_of_a_node_is_followed():
    static = static_of(
        SHAPE,
        node("parts", "Unpack", "shape", T=I, num=4),
        node("size", "Pack", "parts:1", "parts:2", T=I, N=2),
        resize("y", "x", "size"),
    )
    assert static.values["size"].tolist() == ["x[1]", "x[2]"]
    assert static.shapes["y"] == (1, "x[1]", "x[2]", CHANNELS)
    assert static.shape_of(NodeOutput("parts", 2)) == ()
    assert static.value_of(NodeOutput("parts", 3)).item() == CHANNELS
    assert static.shape_of(NodeOutput("parts", 4)) is None


def larger_side(limit):
    """A size that depends on a condition, as resize_to_range of a DeepLab export chooses it."""
    return [
        SHAPE,
        *sliced("size", "shape", 1, 3),
        const("all", 0, I),
        node("side", "Max", "size", "all", T=I, Tidx=I),
        const("limit", limit, I),
        node("is_large", "Greater", "side", "limit", T=I),
        node("switch", "Switch", "size", "is_large", T=I),
        node("taken", "Identity", "switch:1", T=I),
        const("small", [9, 9], I),
        node("shrunk", "Minimum", "taken", "small", T=I),
        node("kept", "Identity", "switch", T=I),
        node("chosen", "Merge", "kept", "shrunk", T=I, N=2),
        resize("y", "x", "chosen"),
    ]


@pytest.mark.parametrize(
    ("limit", "size", "which"), [(8, (9, 7), 1), (99, (11, 7), 0)], ids=["taken", "not taken"]
)
def test_of_the_sides_of_a_switch_only_the_one_that_runs_counts(limit, size, which):
    static = static_of(*larger_side(limit), shape=(1, 11, 7, CHANNELS))
    assert static.shapes["y"] == (1, *size, CHANNELS)
    assert static.value_of(NodeOutput("chosen", 1)).item() == which
    graph = graph_def(placeholder("x", F, (1, 11, 7, CHANNELS)), *larger_side(limit))
    assert run(graph, "y", x=np.ones((1, 11, 7, CHANNELS), F)).shape == (1, *size, CHANNELS)


def test_what_both_sides_of_a_switch_agree_on_is_known():
    static = static_of(*larger_side(8), shape=(1, None, 7, CHANNELS))
    assert static.values["chosen"].tolist() == [None, 7]
    assert static.shapes["y"] == (1, None, 7, CHANNELS)


def test_what_waits_for_the_side_that_is_not_taken_does_not_count():
    one, two = const("one", [4], I), const("two", [5], I)
    one.input.append("^off")
    two.input.append("^on")
    static = static_of(
        const("yes", True, np.bool_),
        node("branch", "Switch", "yes", "yes", T=np.bool_),
        node("off", "Identity", "branch", T=np.bool_),
        node("on", "Identity", "branch:1", T=np.bool_),
        one,
        two,
        node("y", "Merge", "one", "two", T=I, N=2),
    )
    assert static.values["y"].tolist() == [5]
