import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import (
    atrous,
    batch_to_space,
    const,
    convolution,
    copy,
    graph_def,
    node,
    placeholder,
    relu6,
    space_to_batch,
    tiny_segmenter,
)
from support.running import assert_close, assert_untouched, node_of, ops, rewritten, run

from dlconv.convert.rewrite.flatten_atrous import flatten_atrous
from dlconv.convert.targets.onnx.model import write_model
from dlconv.convert.targets.onnx.write import to_onnx
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

F = np.float32
RATE_2 = {"blocks": (2, 2), "paddings": ((2, 2), (2, 2)), "crops": ((0, 0), (0, 0))}


def graph_of(*nodes, kernel=None, shape=(1, 8, 8, 2)):
    kernel = np.ones((3, 3, 2, 2)) if kernel is None else kernel
    return graph_def(placeholder("x", F, shape), const("kernel", kernel, F), *nodes)


def usual(*nodes, **changes):
    return graph_of(*atrous("a", "x", "kernel", **{**RATE_2, **changes}), relu6("y", "a"), *nodes)


def without(graph, attribute, name="a/conv"):
    del node_of(graph, name).attr[attribute]
    return graph


def with_attribute(name, **attributes):
    graph = usual()
    for key, value in node("n", "N", **attributes).attr.items():
        node_of(graph, name).attr[key].CopyFrom(value)
    return graph


def fed(name):
    """The usual graph, but a constant of it is fed in each run."""
    graph = usual()
    shape = [2, 2] if name != "kernel" else None
    made = placeholder(name, np.int32 if shape else F, shape or ())
    if shape is None:
        made.attr["shape"].shape.unknown_rank = True
    node_of(graph, name).CopyFrom(made)
    return graph


@st.composite
def one_axis(draw):
    """An extent, a rate, a kernel size, and paddings and crops that TensorFlow accepts."""
    rate, size = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 3, 5]))
    total = rate * (size - 1)
    same = (total // 2, total - total // 2)
    any_padding = st.tuples(st.integers(0, 5), st.integers(0, 5))
    before, after = draw(st.one_of(st.just(same), st.just((0, 0)), any_padding))
    crop = draw(st.integers(0, 3))
    least = max(1, total + 1 - before - after)
    extent = draw(st.integers(least, least + 9))
    rest = -(extent + before + after + crop) % rate
    more = rest + rate * draw(st.integers(0, 1))
    return extent, rate, size, (before, after), (before + crop, after + more), (crop, more)


@settings(max_examples=60)
@given(one_axis(), one_axis(), st.sampled_from([0, 1, 2]), st.booleans(), st.integers(0, 99))
def test_the_flat_convolution_is_the_same_function(rows, columns, multiplier, is_dynamic, seed):
    extents, blocks, sizes, remaining, paddings, crops = zip(rows, columns, strict=True)
    random = np.random.default_rng(seed)
    kernel = random.normal(size=(*sizes, 3, multiplier or 4)).astype(F)
    x = random.normal(size=(2, *extents, 3)).astype(F)
    graph = graph_of(
        *atrous("y", "x", "kernel", blocks, paddings, crops, depthwise=multiplier > 0),
        kernel=kernel,
        shape=(None, None, None, 3) if is_dynamic else x.shape,
    )
    result = rewritten(flatten_atrous, graph)
    convolved = "DepthwiseConv2dNative" if multiplier else "Conv2D"
    assert ops(result) in ([convolved], ["Pad", convolved])
    scale = np.abs(kernel).sum() * np.abs(x).max()
    assert_close(run(graph, "y", x=x), run(result, "y", x=x), scale, 1e-6)
    totals = [rate * (size - 1) for rate, size in zip(blocks, sizes, strict=True)]
    if all(pair == (t // 2, t - t // 2) for pair, t in zip(remaining, totals, strict=True)):
        assert (ops(result), node_of(result, "y").attr["padding"].s) == ([convolved], b"SAME")
    elif remaining == ((0, 0), (0, 0)):
        assert (ops(result), node_of(result, "y").attr["padding"].s) == ([convolved], b"VALID")
    else:
        assert (ops(result)[0], node_of(result, "y").attr["padding"].s) == ("Pad", b"VALID")


def test_the_usual_pattern_becomes_one_dilated_convolution():
    result = rewritten(flatten_atrous, usual())
    assert ops(result) == ["Conv2D", "Relu6"]
    flat = node_of(result, "a")
    assert list(flat.input) == ["x", "kernel"]
    assert list(flat.attr["dilations"].list.i) == [1, 2, 2, 1]
    assert list(flat.attr["strides"].list.i) == [1, 1, 1, 1]
    assert [n.name for n in result.node] == ["x", "kernel", "a", "y"]


def test_a_convolution_from_before_dilations_matches():
    assert ops(rewritten(flatten_atrous, without(usual(), "dilations"))) == ["Conv2D", "Relu6"]
    assert ops(rewritten(flatten_atrous, without(usual(), "data_format"))) == ["Conv2D", "Relu6"]


def test_paddings_that_are_neither_same_nor_valid_become_a_pad():
    graph = usual(paddings=((3, 3), (0, 2)), crops=((0, 2), (0, 0)))
    result = rewritten(flatten_atrous, graph)
    assert ops(result) == ["Pad", "Conv2D", "Relu6"]
    amounts = Graph(result).constant(node_of(result, "a/pad/paddings"))
    assert amounts.tolist() == [[0, 0], [3, 1], [0, 2], [0, 0]]
    x = np.random.default_rng(1).normal(size=(1, 8, 8, 2)).astype(F)
    assert_close(run(graph, "y", x=x), run(result, "y", x=x), 36 * np.abs(x).max(), 1e-6)


def test_a_pad_takes_no_name_that_is_there():
    graph = usual(copy("a/pad", "x"), crops=((1, 1), (0, 0)))
    names = [n.name for n in rewritten(flatten_atrous, graph).node]
    assert "a/pad_1" in names
    assert len(set(names)) == len(names)


def test_two_patterns_behind_each_other_are_both_flattened():
    graph = usual(*atrous("b", "y", "kernel", **RATE_2))
    assert ops(rewritten(flatten_atrous, graph)) == ["Conv2D", "Relu6", "Conv2D"]


def test_a_node_that_waits_for_the_middle_waits_no_longer():
    graph = usual(copy("z", "y", "^a/conv"))
    result = rewritten(flatten_atrous, graph)
    assert list(node_of(result, "z").input) == ["y"]
    assert run(result, "z", x=np.zeros((1, 8, 8, 2))).shape == (1, 8, 8, 2)


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(tiny_segmenter(), id="none of the three ops"),
        pytest.param(usual(copy("z", "a/split")), id="the split is read twice"),
        pytest.param(usual(copy("z", "a/conv")), id="the convolution is read twice"),
        pytest.param(fed("a/blocks"), id="blocks that are fed"),
        pytest.param(fed("a/split/paddings"), id="paddings that are fed"),
        pytest.param(fed("a/crops"), id="crops that are fed"),
        pytest.param(fed("kernel"), id="a kernel of unknown size"),
        pytest.param(usual(crops=((3, 3), (0, 0))), id="crops larger than paddings"),
        pytest.param(usual(crops=((0, 0), (0, 4))), id="one crop larger than its padding"),
        pytest.param(with_attribute("a/conv", strides=[1, 2, 2, 1]), id="stride 2"),
        pytest.param(with_attribute("a/conv", padding=b"SAME"), id="a padded convolution"),
        pytest.param(with_attribute("a/conv", data_format=b"NCHW"), id="NCHW"),
        pytest.param(with_attribute("a/conv", dilations=[1, 2, 2, 1]), id="dilated already"),
        pytest.param(
            graph_of(
                *space_to_batch("s", "x", (2, 2), ((2, 2), (2, 2))),
                convolution("c", "s", "kernel", padding=b"VALID"),
                *batch_to_space("y", "c", (4, 1), ((0, 0), (0, 0))),
            ),
            id="another block on the way back",
        ),
        pytest.param(
            graph_of(
                *space_to_batch("s", "x", (2,), ((2, 2),)),
                convolution("c", "s", "kernel", padding=b"VALID"),
                *batch_to_space("y", "c", (2,), ((0, 0),)),
            ),
            id="blocks along one axis",
        ),
        pytest.param(
            graph_of(
                *space_to_batch("s", "x", (2, 2), ((2, 2), (2, 2))),
                relu6("r", "s"),
                convolution("c", "r", "kernel", padding=b"VALID"),
                *batch_to_space("y", "c", (2, 2), ((0, 0), (0, 0))),
            ),
            id="another op between",
        ),
        pytest.param(
            graph_of(
                *space_to_batch("s", "kernel", (1, 1), ((0, 0), (0, 0))),
                convolution("c", "x", "s", padding=b"VALID"),
                *batch_to_space("y", "c", (1, 1), ((0, 0), (0, 0))),
            ),
            id="the split is the kernel",
        ),
        pytest.param(
            graph_of(
                *space_to_batch("s", "x", (2, 2), ((2, 2), (2, 2))),
                convolution("y", "s", "kernel", padding=b"VALID"),
            ),
            id="no way back",
        ),
    ],
)
def test_a_graph_that_stays(graph):
    assert_untouched(flatten_atrous, graph)


@settings(max_examples=8)
@given(st.integers(1, 4), st.sampled_from([2, 3, 5]), st.booleans(), st.integers(0, 99))
def test_a_flat_convolution_of_dynamic_shape_runs_in_onnx_runtime(
    tmp_path_factory, rate, size, depthwise, seed
):
    total = rate * (size - 1)
    extents = (rate * 5, rate * 4)
    pads = ((total // 2, total - total // 2),) * 2
    random = np.random.default_rng(seed)
    kernel = random.normal(size=(size, size, 3, 2)).astype(F)
    graph = graph_of(
        *atrous("y", "x", "kernel", (rate, rate), pads, ((0, 0), (0, 0)), depthwise),
        kernel=kernel,
        shape=(1, None, None, 3),
    )
    x = random.normal(size=(1, *extents, 3)).astype(F)
    flat = Graph(rewritten(flatten_atrous, graph))
    path = tmp_path_factory.mktemp("onnx") / "flat.onnx"
    write_model(to_onnx(flat, find_contract(flat)), path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (answer,) = session.run(["y"], {"x": x})
    scale = np.abs(kernel).sum() * np.abs(x).max()
    assert_close(run(graph, "y", x=x), answer, scale, 1e-6)
