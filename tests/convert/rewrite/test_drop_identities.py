import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, copy, graph_def, node, placeholder, relu6, tiny_segmenter
from support.running import assert_untouched, node_of, ops, rewritten, run

from dlconv.convert.rewrite.drop_identities import drop_identities

F = np.float32
COPIES = ["Identity", "StopGradient", "PreventGradient", "Snapshot", "CheckNumerics"]


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from([*COPIES, "Relu6", "Neg"]), max_size=8),
    st.lists(st.floats(-9, 9, width=32), min_size=3, max_size=3),
)
def test_the_graph_is_the_same_function_without_its_copies(chain, x):
    nodes = [placeholder("x", F, (3,))]
    for index, op in enumerate(chain):
        said = {"message": b"wrong"} if op == "CheckNumerics" else {}
        nodes.append(node(f"n{index}", op, nodes[-1].name, T=F, **said))
    graph = graph_def(*nodes, node("y", "Neg", nodes[-1].name, T=F))
    result = rewritten(drop_identities, graph)
    assert ops(result) == [op for op in chain if op not in COPIES] + ["Neg"]
    assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist()


def test_the_read_of_a_frozen_variable_goes():
    result = rewritten(drop_identities, tiny_segmenter())
    assert list(node_of(result, "scores").input) == ["ToFloat", "weights"]


def test_every_reader_is_sent_on():
    graph = graph_def(
        placeholder("x", F, (2,)),
        copy("c", "x"),
        node("double", "Add", "c", "c:0", T=F),
        relu6("y", "c"),
    )
    result = rewritten(drop_identities, graph)
    assert [list(n.input) for n in result.node] == [[], ["x", "x"], ["x"]]


def test_a_copy_of_a_later_output_is_read_there():
    graph = graph_def(
        const("axis", 0, np.int32),
        placeholder("x", F, (2,)),
        node("parts", "Split", "axis", "x", T=F, num_split=2),
        copy("second", "parts:1"),
        relu6("y", "second"),
    )
    result = rewritten(drop_identities, graph)
    assert list(node_of(result, "y").input) == ["parts:1"]
    assert run(result, "y", x=[1, 2]).tolist() == [2]


def test_a_control_edge_from_a_copy_comes_from_what_it_copied():
    graph = graph_def(
        placeholder("x", F, (2,)), copy("c", "x"), relu6("y", "c"), copy("z", "y", "^c")
    )
    assert list(node_of(rewritten(drop_identities, graph), "z").input) == ["y", "^x"]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param([copy("y", "b")], id="it is the output"),
        pytest.param(
            [copy("SemanticPredictions", "b"), relu6("y", "SemanticPredictions")],
            id="it is the output by its name, though another node reads it",
        ),
        pytest.param([copy("c", "b", "^a"), relu6("y", "c")], id="it waits for another node"),
        pytest.param([copy("c", "b"), relu6("y", "b")], id="unread"),
        pytest.param([copy("c", "b"), node("y", "Relu6", "b", "^c", T=F)], id="only waited for"),
    ],
)
def test_a_copy_that_stays(last):
    assert_untouched(
        drop_identities,
        graph_def(placeholder("x", F, (2,)), relu6("a", "x"), relu6("b", "a"), *last),
    )


def ensured(*shape):
    made = node("c", "EnsureShape", "x", T=F)
    made.attr["shape"].CopyFrom(placeholder("", F, shape).attr["shape"])
    return made


def printed(name, source, *others):
    made = node(name, "Print", source, *others, T=F, message=b"seen", first_n=0)
    made.attr["U"].list.type.extend([node("", "", T=F).attr["T"].type] * len(others))
    return made


@pytest.mark.parametrize(
    "copies",
    [
        pytest.param([node("seen", "Neg", "x", T=F), printed("c", "x", "seen")], id="Print"),
        pytest.param([ensured(None, 2)], id="EnsureShape of what is known"),
        pytest.param([ensured(1, None)], id="EnsureShape of a part"),
    ],
)
def test_what_only_looks_at_a_value_goes(copies):
    graph = graph_def(placeholder("x", F, (1, 2)), *copies, relu6("y", "c"))
    assert ops(rewritten(drop_identities, graph)) == ["Relu6"]


def test_a_shape_that_is_not_known_is_still_asked_for():
    graph = graph_def(placeholder("x", F, (None, 2)), ensured(1, 2), relu6("y", "c"))
    assert_untouched(drop_identities, graph)


def test_a_placeholder_that_nobody_feeds_is_its_default():
    default = node("p", "PlaceholderWithDefault", "given", dtype=F)
    default.attr["shape"].shape.SetInParent()
    graph = graph_def(
        placeholder("x", F, (2,)), const("given", 3, F), default, node("y", "Mul", "x", "p", T=F)
    )
    result = rewritten(drop_identities, graph)
    assert ops(result) == ["Mul"]
    assert run(graph, "y", x=[1, 2]).tolist() == run(result, "y", x=[1, 2]).tolist() == [3, 6]


def test_each_output_of_an_identity_of_several_is_what_went_in():
    both = node("both", "IdentityN", "a", "x")
    both.attr["T"].list.type.extend([node("", "", T=F).attr["T"].type] * 2)
    graph = graph_def(
        placeholder("x", F, (2,)), relu6("a", "x"), both, node("y", "Sub", "both:1", "both", T=F)
    )
    result = rewritten(drop_identities, graph)
    assert ops(result) == ["Relu6", "Sub"]
    assert run(graph, "y", x=[-1, 8]).tolist() == run(result, "y", x=[-1, 8]).tolist() == [-1, 2]


def test_one_that_has_to_stay_is_an_identity():
    graph = graph_def(placeholder("x", F, (2,)), printed("y", "x", "x"))
    result = rewritten(drop_identities, graph)
    assert [(n.op, list(n.input)) for n in result.node] == [
        ("Placeholder", []),
        ("Identity", ["x"]),
    ]
