import pytest
from support.graphs import const, graph_def, node, placeholder, tiny_segmenter

from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import parse_graph, read_graph
from dlconv.graph.graph import Graph


def test_a_frozen_graph_is_read_back(tmp_path):
    path = tmp_path / "graph.pb"
    path.write_bytes(tiny_segmenter().SerializeToString())
    assert [n.name for n in read_graph(path).node] == [n.name for n in tiny_segmenter().node]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x08\x96\x01", "not a GraphDef|holds no graph"),
        (b"hello", "not a GraphDef|holds no graph"),
        (tiny_segmenter().SerializeToString()[:-3], "truncated"),
    ],
)
def test_what_is_not_a_graph_is_refused_in_one_line(content, message):
    with pytest.raises(DlconvError, match=message) as raised:
        parse_graph(content, "thing.pb")
    assert "\n" not in str(raised.value)
    assert "thing.pb" in str(raised.value)


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    for path in (tmp_path / "nothing.pb", tmp_path):
        with pytest.raises(DlconvError, match="cannot read"):
            read_graph(path)


def test_a_graph_with_variables_is_not_frozen(tmp_path):
    path = tmp_path / "graph.pb"
    path.write_bytes(graph_def(node("weights", "VariableV2")).SerializeToString())
    with pytest.raises(DlconvError, match="not frozen.*weights"):
        read_graph(path)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([const("a", 1), const("a", 2)], "two nodes of the same name"),
        ([node("a", "Identity", "gone")], "a reads gone, which is not in the graph"),
        ([node("a", "Identity", "b"), node("b", "Identity", "a")], "cycle"),
        ([node("a", "Identity", "^a")], "cycle"),
    ],
)
def test_a_graph_that_cannot_be_walked_is_refused(nodes, message):
    with pytest.raises(DlconvError, match=message):
        Graph(graph_def(*nodes))


def test_the_back_edge_of_a_while_loop_is_no_cycle():
    loop = [
        const("start", 0),
        node("merge", "Merge", "start", "next"),
        node("next", "NextIteration", "merge"),
    ]
    assert {n.name for n in Graph(graph_def(*loop)).order} == {"start", "merge", "next"}


def test_control_edges_are_not_data():
    graph = Graph(
        graph_def(
            placeholder("x", "float32", (1,)),
            node("check", "Assert", "x"),
            node("y", "Identity", "x", "^check"),
        )
    )
    assert [source.node for source in graph.sources(graph.nodes["y"])] == ["x"]
    assert graph.consumers["check"] == []
    assert [n.name for n in graph.ancestors("y")] == ["y", "x"]


def test_a_constant_is_found_behind_identities():
    graph = Graph(graph_def(const("w", [1, 2]), node("w/read", "Identity", "w")))
    assert graph.constant(graph.nodes["w/read"]).tolist() == [1, 2]


def test_an_input_that_a_node_lacks_is_an_error_that_names_it():
    graph = Graph(graph_def(node("a", "ArgMax")))
    with pytest.raises(DlconvError, match=r"a \(ArgMax\) has no input 0"):
        graph.producer(graph.nodes["a"], 0)
