import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import const, copy, graph_def, node, placeholder, relu6, tiny_segmenter
from support.running import assert_untouched, node_of, ops, result_of, rewritten, run

from dlconv.convert.rewrite.drop_asserts import drop_asserts

F = np.float32


def guarded(*, guards=("y",), chained=False):
    """y = relu6(x * 2), with an Assert on x that ``guards`` wait for."""
    nodes = [
        placeholder("x", F, (3,)),
        const("two", 2, F),
        const("least", 0, F),
        const("axes", [0], np.int32),
        node("enough", "GreaterEqual", "x", "least", T=F),
        node("all", "All", "enough", "axes", Tidx=np.int32),
        const("message", [1, 2], F),
        node("check", "Assert", "all", "message"),
        node("group", "NoOp", "^check"),
        node("doubled", "Mul", "x", "two", T=F),
        relu6("y", "doubled"),
    ]
    nodes[7].attr["T"].list.type.append(1)
    graph = graph_def(*nodes)
    for guard in guards:
        node_of(graph, guard).input.append("^group" if chained else "^check")
    return graph


@settings(max_examples=20)
@given(
    st.sets(st.sampled_from(["y", "doubled", "two"])),
    st.booleans(),
    st.lists(st.floats(0, 9, width=32), min_size=3, max_size=3),
)
def test_the_graph_is_the_same_function_without_its_asserts(guards, chained, x):
    graph = guarded(guards=guards, chained=chained)
    result = rewritten(drop_asserts, graph)
    assert ops(result) == ["Mul", "Relu6"]
    assert not any(name.startswith("^") for n in result.node for name in n.input)
    assert [n.name for n in result.node] == ["x", "two", "doubled", "y"]
    assert run(graph, "y", x=x).tolist() == run(result, "y", x=x).tolist()


def test_a_graph_that_an_assert_would_stop_goes_on():
    assert run(result_of(drop_asserts, guarded()), "y", x=[-1, 1, 2]).tolist() == [0, 2, 4]


def test_control_edges_from_other_nodes_stay():
    graph = guarded()
    graph.node.extend([copy("before", "x"), copy("z", "y", "^before", "^check")])
    assert list(node_of(result_of(drop_asserts, graph), "z").input) == ["y", "^before"]


def test_what_an_assert_and_another_node_read_stays():
    graph = guarded()
    graph.node.append(node("also", "LogicalNot", "all"))
    assert ops(result_of(drop_asserts, graph)) == [
        "GreaterEqual",
        "All",
        "Mul",
        "Relu6",
        "LogicalNot",
    ]


def test_outputs_that_only_a_group_waits_for_stay():
    graph = tiny_segmenter()
    graph.node.append(node("all_done", "NoOp", "^SemanticPredictions"))
    expected = [n.name for n in tiny_segmenter().node]
    assert [n.name for n in rewritten(drop_asserts, graph).node] == expected


def test_the_output_stays_where_only_an_assert_reads_it():
    graph = tiny_segmenter()
    graph.node.extend(
        [
            const("classes", 3, np.int64),
            node("in_range", "Less", "SemanticPredictions", "classes", T=np.int64),
            node("check", "Assert", "in_range", "classes"),
        ]
    )
    assert [n.name for n in rewritten(drop_asserts, graph).node] == [
        n.name for n in tiny_segmenter().node
    ]


def test_a_graph_without_asserts_is_untouched():
    assert_untouched(drop_asserts, tiny_segmenter())
