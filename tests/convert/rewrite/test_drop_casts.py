from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import graph_def, node, placeholder, relu6, tiny_segmenter
from support.running import assert_untouched, node_of, ops, rewritten, run

from dlconv.convert.rewrite.drop_casts import NUMBERS, drop_casts

F = np.float32
EXTREMES = {
    "bool": [False, True],
    "float16": [0, -0.1, 65504, 1e-4, np.inf],
    "float32": [0, -0.1, 3e38, 2e-38, np.inf],
    "float64": [0, -0.1, 1e308, 1e-300, np.inf],
}


def cast(name, source, before, after):
    return node(name, "Cast", source, SrcT=np.dtype(before), DstT=np.dtype(after))


def there_and_back(narrow, wide, back=None):
    back = back or narrow
    return graph_def(
        placeholder("x", np.dtype(narrow), (None,)),
        cast("there", "x", narrow, wide),
        cast("back", "there", wide, back),
        node("y", "Identity", "back", T=np.dtype(back)),
    )


def extremes(dtype):
    if dtype in EXTREMES:
        return np.array(EXTREMES[dtype], dtype)
    info = np.iinfo(dtype)
    return np.array([info.min, info.min + 1, 1, info.max // 2 + 2, info.max - 1, info.max], dtype)


@pytest.mark.parametrize("wide", sorted(NUMBERS))
@pytest.mark.parametrize("narrow", sorted(NUMBERS))
def test_casts_there_and_back_go_only_if_every_value_comes_back(narrow, wide):
    graph = there_and_back(narrow, wide)
    result = rewritten(drop_casts, graph)
    if ops(result) == ["Identity"]:
        x = extremes(narrow)
        assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist() == x.tolist()
    else:
        assert narrow != wide
        assert not np.can_cast(narrow, wide, "safe") or narrow == "int64"


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [("uint8", "float32"), ("uint8", "int32"), ("int32", "int64"), ("bool", "float32")],
)
def test_casts_of_images_and_labels_go(narrow, wide):
    assert ops(rewritten(drop_casts, there_and_back(narrow, wide))) == ["Identity"]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("float32", "uint8"),
        ("float32", "int32"),
        ("int64", "int32"),
        ("int32", "float32"),
        ("int64", "float64"),
        ("float32", "float16"),
        ("uint8", "bool"),
    ],
)
def test_casts_that_lose_stay(narrow, wide):
    assert_untouched(drop_casts, there_and_back(narrow, wide))


def test_a_cast_to_a_third_type_stays():
    assert_untouched(drop_casts, there_and_back("uint8", "int32", "float32"))


def test_a_cast_that_is_the_output_stays():
    graph = there_and_back("uint8", "int32")
    del graph.node[-1]
    assert_untouched(drop_casts, graph)
    assert_untouched(drop_casts, graph_def(placeholder("x", F, ()), cast("y", "x", F, F)))


def test_the_way_there_stays_for_its_other_readers():
    graph = there_and_back("uint8", "float32")
    graph.node.append(relu6("z", "there"))
    result = rewritten(drop_casts, graph)
    assert ops(result) == ["Cast", "Identity", "Relu6"]
    assert run(result, "z", x=np.array([3, 200], np.uint8)).tolist() == [3, 6]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["uint8", "int32", "int64", "float32", "float64"]), max_size=7),
    st.lists(st.integers(0, 255), min_size=1, max_size=5),
)
def test_any_chain_of_casts_keeps_its_values_and_type(chain, x):
    types = ["uint8", *chain]
    nodes = [placeholder("x", np.uint8, (None,))]
    for index, (before, after) in enumerate(pairwise(types)):
        nodes.append(cast(f"c{index}", nodes[-1].name, before, after))
    graph = graph_def(*nodes, node("y", "Identity", nodes[-1].name, T=np.dtype(types[-1])))
    result = rewritten(drop_casts, graph)
    x = np.array(x, np.uint8)
    before, after = run(graph, "y", x=x), run(result, "y", x=x)
    assert (before.dtype, before.tolist()) == (after.dtype, after.tolist())
    assert len(result.node) <= len(graph.node)


def test_a_graph_whose_casts_are_needed_is_untouched():
    assert_untouched(drop_casts, tiny_segmenter())
    assert node_of(tiny_segmenter(), "ToFloat").op == "Cast"
