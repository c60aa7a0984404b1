import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import (
    batch_norm,
    batch_to_space,
    const,
    convolution,
    graph_def,
    node,
    placeholder,
    relu6,
    resize,
    space_to_batch,
)
from support.running import run

from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.readers import _RULES
from dlconv.graph.shapes import infer_static

F, I = np.float32, np.int32  # noqa: E741
X = node("x", "Placeholder", dtype=F)
KERNEL = const("kernel", np.ones((3, 3, 2, 5)), F)
ONE_BY_ONE = const("one", np.ones((1, 1, 2, 2)), F)
SAME = (None, None, None, 2)


def shapes_of(*nodes, producer=26):
    graph = graph_def(X, *nodes)
    graph.versions.producer = producer
    return infer_static(Graph(graph)).shapes


def constants(**values):
    return [const(name, value, I) for name, value in values.items()]


def read_by_a_convolution(source):
    return [KERNEL, convolution("conv", source, "kernel")]


NORM = {key: np.ones(2) for key in ("gamma", "beta", "mean", "variance")}
WINDOW = {"T": F, "padding": b"SAME", "ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1]}
PARTS = ["x", "begin", "end", "step"]
TO_ROWS = [
    const("matrix", np.ones((7, 3)), F),
    node("y", "MatMul", "x", "matrix", T=F),
]


def symbols(*shape):
    return tuple(f"x[{k}]" if extent is None else extent for k, extent in enumerate(shape))


@pytest.mark.parametrize(
    ("nodes", "shape"),
    [
        pytest.param(read_by_a_convolution("x"), SAME, id="a convolution"),
        pytest.param(
            [KERNEL, convolution("y", "x", "kernel", data_format=b"NCHW")],
            (None, 2, None, None),
            id="a convolution with channels first",
        ),
        pytest.param([KERNEL, convolution("y", "x", "kernel", True)], SAME, id="a depthwise one"),
        pytest.param(
            [KERNEL, *constants(size=[1, 9, 9, 2])]
            + [node("y", "Conv2DBackpropInput", "size", "kernel", "x", T=F)],
            (None, None, None, 5),
            id="a transposed one",
        ),
        pytest.param(
            [
                const("kernel", np.ones((3, 3, 3, 2, 5)), F),
                node("y", "Conv3D", "x", "kernel", T=F),
            ],
            (None, None, None, None, 2),
            id="one of volumes",
        ),
        pytest.param(batch_norm("y", "x", **NORM), SAME, id="a batch norm"),
        pytest.param([node("y", "MaxPool", "x", **WINDOW)], (None,) * 4, id="a pool"),
        pytest.param(
            [*constants(size=[9, 9]), resize("y", "x", "size")], (None,) * 4, id="a resize"
        ),
        pytest.param([node("y", "DepthToSpace", "x", T=F)], (None,) * 4, id="depth to space"),
        pytest.param(
            [node("y", "DepthToSpace", "x", T=F, data_format=b"NCHW_VECT_C")],
            (None,) * 5,
            id="channels in vectors",
        ),
        pytest.param(TO_ROWS, (None, 7), id="a matrix multiplication"),
        pytest.param(
            [*constants(begin=[0, 0, 0], size=[1, 1, 1])]
            + [node("y", "Slice", "x", "begin", "size", T=F, Index=I)],
            (None,) * 3,
            id="a slice",
        ),
        pytest.param(
            [*constants(pads=[[0, 0], [1, 1]]), node("y", "Pad", "x", "pads", T=F)],
            (None,) * 2,
            id="a padding",
        ),
        pytest.param(
            [*constants(perm=[2, 0, 1]), node("y", "Transpose", "x", "perm", T=F)],
            (None,) * 3,
            id="a transposition",
        ),
    ],
)
def test_a_reader_shows_the_shape_of_a_placeholder_that_states_none(nodes, shape):
    assert shapes_of(*nodes)["x"] == symbols(*shape)


@pytest.mark.parametrize(
    ("nodes", "shape"),
    [
        pytest.param([relu6("y", "x")], SAME, id="element by element"),
        pytest.param([node("y", "Cast", "x", SrcT=np.uint8, DstT=F)], SAME, id="a cast"),
        pytest.param(
            [const("half", 127.5, F), node("y", "Sub", "x", "half", T=F)], SAME, id="a scalar"
        ),
        pytest.param(
            [const("mean", [1, 2], F), node("y", "Sub", "x", "mean", T=F)],
            (None,) * 4,
            id="a vector, which may be that of the channels",
        ),
        pytest.param(
            [const("mean", [1], F), node("y", "Mul", "mean", "x", T=F)], SAME, id="one channel"
        ),
        pytest.param(space_to_batch("y", "x", [2, 2], [[0, 0], [0, 0]]), SAME, id="blocks"),
        pytest.param(
            [*constants(pads=[[0, 0], [1, 2], [3, 0], [0, 0]])]
            + [node("y", "Pad", "x", "pads", T=F)],
            SAME,
            id="a padding",
        ),
        pytest.param(
            [*constants(perm=[0, 2, 3, 1]), node("y", "Transpose", "x", "perm", T=F)],
            (None, 2, None, None),
            id="a transposition",
        ),
        pytest.param(
            [*constants(axis=0), node("y", "ExpandDims", "x", "axis", T=F)],
            (None, None, 2),
            id="a new axis",
        ),
        pytest.param([node("y", "Pack", "x", T=F, N=1)], (None, None, 2), id="a stack of one"),
        pytest.param(
            [node("y", "Squeeze", "x", T=F, squeeze_dims=[1, -1])],
            (None, 1, None, None, 2, 1),
            id="a squeeze",
        ),
        pytest.param(
            [*constants(axis=1), node("y", "Max", "x", "axis", T=F)],
            (None, None, None, None, 2),
            id="the largest",
        ),
        pytest.param(
            [*constants(axis=1), node("y", "Max", "x", "axis", T=F, keep_dims=True)],
            SAME,
            id="the largest, in its place",
        ),
        pytest.param(
            [*constants(axis=3), node("y", "ConcatV2", "x", "x", "axis", T=F, N=2)],
            (None,) * 4,
            id="a concatenation of channels",
        ),
        pytest.param(
            [*constants(axis=1), node("y", "Concat", "axis", "x", "x", T=F, N=2)],
            SAME,
            id="a concatenation of rows",
        ),
        pytest.param(
            [*constants(axis=-1), node("y", "Split", "axis", "x", T=F, num_split=2)],
            (None,) * 4,
            id="a split",
        ),
        pytest.param(
            [*constants(begin=[0, 0, 1, 0], end=[0] * 4, step=[1, -1, 1, -1])]
            + [node("y", "StridedSlice", *PARTS, begin_mask=11, end_mask=15)],
            SAME,
            id="a slice that turns rows and channels",
        ),
        pytest.param(
            [*constants(begin=[0, 0], end=[0, 9], step=[1, -1])]
            + [node("y", "StridedSlice", *PARTS, begin_mask=3, end_mask=3, ellipsis_mask=1)],
            SAME,
            id="a slice that turns the last axis",
        ),
        pytest.param(
            [*constants(begin=[0, 0, 0], end=[9, 0, 2], step=[1, 1, 1])]
            + [node("y", "StridedSlice", *PARTS, begin_mask=7, end_mask=2, ellipsis_mask=2)],
            (None,) * 4,
            id="a slice of the first and the last axis",
        ),
        pytest.param(
            [const("other", np.zeros((1, 2, 2, 2)), F), node("y", "AddN", "x", "x", T=F, N=2)],
            SAME,
            id="a sum",
        ),
    ],
)
def test_what_stands_before_a_convolution_hands_its_shape_back(nodes, shape):
    assert shapes_of(*nodes, *read_by_a_convolution("y"))["x"] == symbols(*shape)


def test_a_padding_tells_the_extents_before_it():
    image = const("image", np.zeros((1, 9, 9, 2)), F)
    pads = const("pads", [[0, 0], [1, 2], [3, 0], [0, 0]], I)
    nodes = [image, pads, node("y", "Pad", "x", "pads", T=F), node("z", "AddN", "y", "image", N=2)]
    assert shapes_of(*nodes)["x"] == (1, 6, 6, 2)


def test_boxes_are_of_four_numbers():
    boxes = [node(name, "Placeholder", dtype=F) for name in ("boxes", "of")]
    shapes = shapes_of(*boxes, node("y", "CropAndResize", "x", "boxes", "of", "size"), *SIZE)
    assert shapes["x"] == symbols(None, None, None, None)
    assert shapes["boxes"] == ("boxes[0]", 4)
    assert shapes["of"] == ("of[0]",)


SIZE = constants(size=[3, 3])


def test_a_placeholder_may_be_known_by_another():
    """The sum is read by a convolution; what is added is known only once the other is."""
    other = node("other", "Placeholder", dtype=F)
    sums = [node("sum", "AddN", "other", "y", T=F, N=2), relu6("y", "x")]
    shapes = shapes_of(other, *sums, *read_by_a_convolution("x"))
    assert shapes["x"] == symbols(*SAME)
    assert shapes["other"] == ("x[0]", "x[1]", "x[2]", 2)


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([relu6("y", "x")], id="element by element"),
        pytest.param([node("y", "Sub", "x", "x", T=F)], id="with itself"),
        pytest.param([node("y", "NoSuchOp", "x")], id="an op that is not known"),
        pytest.param(
            [const("to", [1, -1], I), node("y", "Reshape", "x", "to", T=F)], id="a reshape"
        ),
        pytest.param([node("y", "Squeeze", "x", T=F)], id="a squeeze of all axes of 1"),
        pytest.param(
            [*constants(begin=[0], end=[1], step=[1])]
            + [node("row", "StridedSlice", *PARTS, shrink_axis_mask=1)]
            + read_by_a_convolution("row"),
            id="a slice that drops an axis",
        ),
        pytest.param([node("odd", "Unpack", "x", num=2), relu6("y", "odd:1")], id="other outputs"),
        pytest.param([node("y", "Transpose", "x", T=F)], id="a node without its inputs"),
    ],
)
def test_nothing_is_guessed_of_readers_that_show_nothing(nodes):
    assert shapes_of(*nodes)["x"] is None


def test_a_shape_that_is_stated_is_not_completed():
    stated = placeholder("stated", F, (1, None, None, None))
    shapes = shapes_of(stated, *read_by_a_convolution("stated"))
    assert shapes["stated"] == (1, "stated[1]", "stated[2]", "stated[3]")


def scalar(name="scalar"):
    return placeholder(name, F, ())


def test_old_graphs_do_not_tell_a_scalar_from_any_shape():
    shapes = shapes_of(scalar(), *read_by_a_convolution("scalar"), producer=21)
    assert shapes["scalar"] == ("scalar[0]", "scalar[1]", "scalar[2]", 2)
    assert shapes_of(scalar(), *read_by_a_convolution("scalar"), producer=22)["scalar"] == ()


def test_what_no_reader_of_an_old_graph_shows_is_a_scalar():
    nodes = [scalar("keep"), relu6("y", "x"), node("z", "RealDiv", "y", "keep", T=F)]
    shapes = shapes_of(*nodes, *read_by_a_convolution("x"), producer=21)
    assert shapes["keep"] == ()
    assert shapes["z"] == symbols(*SAME)


def test_the_contract_of_an_input_without_a_shape_shows_what_is_inferred():
    contract = find_contract(Graph(graph_def(X, *read_by_a_convolution("x"))))
    assert contract.input.shape == SAME


def steps(name, source, kind):
    """Nodes that take an image of two channels and give one."""
    if kind == "norm":
        return batch_norm(name, source, **NORM)
    if kind == "blocks":
        return [
            *space_to_batch(f"{name}/split", source, [1, 1], [[1, 0], [0, 2]]),
            *batch_to_space(name, f"{name}/split", [1, 1], [[1, 0], [0, 1]]),
        ]
    if kind == "pad":
        pads = const(f"{name}/pads", [[0, 0], [1, 2], [0, 1], [0, 0]], I)
        return [pads, node(name, "Pad", source, pads.name, T=F, Tpaddings=I)]
    if kind == "swap":
        perm = const(f"{name}/perm", [0, 2, 1, 3], I)
        return [perm, node(name, "Transpose", source, perm.name, T=F, Tperm=I)]
    if kind == "axes":
        axis = const(f"{name}/axis", 1, I)
        return [
            axis,
            node(f"{name}/wide", "ExpandDims", source, axis.name, T=F, Tdim=I),
            node(name, "Squeeze", f"{name}/wide", T=F, squeeze_dims=[1]),
        ]
    if kind == "mean":
        mean = const(f"{name}/mean", np.ones((1, 2)), F)
        return [mean, node(name, "Sub", source, mean.name, T=F)]
    if kind == "concat":
        axis = const(f"{name}/axis", 1, I)
        return [axis, node(name, "ConcatV2", source, source, axis.name, T=F, Tidx=I, N=2)]
    if kind == "turned":
        bounds = [const(f"{name}/{k}", [v] * 4, I) for k, v in (("a", 0), ("b", 0), ("c", -1))]
        names = [bound.name for bound in bounds]
        masks = {"begin_mask": 15, "end_mask": 15}
        return [*bounds, node(name, "StridedSlice", source, *names, T=F, Index=I, **masks)]
    if kind == "split":
        axis = const(f"{name}/axis", 0, I)
        return [axis, node(name, "Split", axis.name, source, T=F, num_split=1)]
    return [relu6(name, source)]


KINDS = ["norm", "blocks", "pad", "swap", "axes", "mean", "concat", "turned", "split", "relu"]


@settings(max_examples=20)
@given(st.lists(st.sampled_from(KINDS), max_size=5), st.integers(1, 5), st.integers(1, 5))
def test_what_is_inferred_from_readers_is_so_in_tensorflow(kinds, height, width):
    nodes, source = [X], "x"
    for index, kind in enumerate(kinds):
        nodes += steps(f"layer{index}", source, kind)
        source = f"layer{index}"
    nodes += [KERNEL, convolution("end", source, "kernel")]
    graph = graph_def(*nodes)
    shapes = infer_static(Graph(graph)).shapes
    image = np.ones((2, height, width, 2), F)
    names = [each.name for each in nodes]
    actual_of = dict(zip(names, run(graph, names, x=image), strict=True))
    extents = dict(zip(shapes["x"], image.shape, strict=True))
    assert len(shapes["x"]) == 4
    for name, actual in actual_of.items():
        if shapes[name] is not None:
            assert len(shapes[name]) == actual.ndim
            for extent, real in zip(shapes[name], actual.shape, strict=True):
                assert extent is None or extents.get(extent, extent) == real


@pytest.mark.parametrize("op", _RULES)
def test_a_damaged_node_without_inputs_tells_nothing(op):
    assert shapes_of(node("y", op, T=F))["x"] is None
