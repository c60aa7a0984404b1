import pytest
from support.graphs import const, graph_def, node, placeholder, relu6, tiny_segmenter
from support.running import serialized

from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import parse_graph, read_graph
from dlconv.graph.graph import Graph, copy_of
from dlconv.graph.shapes import infer_static


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


def test_a_changed_node_is_a_copy():
    original = relu6("a", "x")
    other = copy_of(original, name="b", inputs=["y"])
    assert (other.name, list(other.input), other.attr["T"]) == ("b", ["y"], original.attr["T"])
    assert (original.name, list(original.input)) == ("a", ["x"])
    assert copy_of(original) == original


def changed_segmenter():
    """A graph as it is read, and one that has another kernel."""
    before = tiny_segmenter()
    before.library.function.add().signature.name = "unused"
    read = Graph(before)
    kernel = const("weights", [[[[1, 2]] * 3]], "float32")
    nodes = (kernel if name == "weights" else node for name, node in read.nodes.items())
    return read, read.with_nodes(nodes)


def test_other_nodes_stand_beside_those_that_both_graphs_have():
    read, changed = changed_segmenter()
    assert read.graph_def.node[2] != changed.graph_def.node[2]
    assert all(changed.nodes[name] is read.nodes[name] for name in read.nodes if name != "weights")
    assert list(changed.nodes) == list(read.nodes)
    assert changed.versions == read.versions
    assert changed.graph_def.library == read.graph_def.library
    assert read.graph_def is read.graph_def


def test_other_nodes_have_to_hold_together():
    graph = Graph(tiny_segmenter())
    with pytest.raises(DlconvError, match="reads weights, which is not in the graph"):
        graph.with_nodes(node for name, node in graph.nodes.items() if name != "weights")


def test_a_graph_apart_shares_nothing_and_is_the_same():
    read, changed = changed_segmenter()
    infer_static(changed)
    apart = changed.apart_from(read)
    assert serialized(apart.graph_def) == serialized(changed.graph_def)
    assert apart.nodes["weights"] is changed.nodes["weights"]
    assert not any(apart.nodes[name] is read.nodes[name] for name in read.nodes)
    assert apart.inferred == changed.inferred != {}


def test_parts_of_a_file_are_the_file():
    for graph in changed_segmenter():
        assert b"".join(graph.serialized()) == serialized(graph.graph_def)
