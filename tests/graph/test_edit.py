import time

import numpy as np
import pytest
from support.graphs import const, copy, graph_def, node, placeholder, relu6
from support.running import assert_untouched, result_of, serialized

from dlconv.graph.edit import Edit, applied, free_name, reads_once
from dlconv.graph.edit import const as made_const
from dlconv.graph.graph import Graph

F = np.float32


def chain():
    """x -> a -> b -> y, and a constant that only a reads."""
    return graph_def(
        placeholder("x", F, (2,)),
        const("one", 1, F),
        node("a", "Add", "x", "one", T=F),
        relu6("b", "a"),
        relu6("y", "b"),
    )


def edited(graph, **edits):
    return result_of(lambda graph: applied(graph, Edit(**edits)), graph)


def names(graph):
    return [n.name for n in graph.node]


def test_an_empty_edit_gives_the_very_same_graph():
    assert_untouched(lambda graph: applied(graph, Edit()), chain())


def test_a_new_graph_is_made_and_the_old_one_left_alone():
    graph = chain()
    before = serialized(graph)
    result = edited(graph, replaced={"b": []}, redirected={"b": "a"})
    assert serialized(graph) == before
    assert names(result) == ["x", "one", "a", "y"]
    assert list(result.node[-1].input) == ["a"]


def test_versions_and_functions_stay():
    graph = chain()
    graph.library.function.add().signature.name = "unused"
    result = edited(graph, replaced={"b": []}, redirected={"b": "a"})
    assert result.versions == graph.versions
    assert result.library == graph.library


def test_replacements_stand_where_the_node_stood():
    new = [const("six", 6, F), node("b", "Minimum", "a", "six", T=F)]
    assert names(edited(chain(), replaced={"b": new})) == ["x", "one", "a", "six", "b", "y"]


def test_redirections_follow_each_other():
    result = edited(chain(), replaced={"a": [], "b": []}, redirected={"a": "x", "b": "a"})
    assert names(result) == ["x", "y"]
    assert list(result.node[-1].input) == ["x"]


@pytest.mark.parametrize(
    ("read", "instead", "reads"),
    [
        ("b", "a", "a"),
        ("b:0", "a", "a"),
        ("b", "a:1", "a:1"),
        ("^b", "a", "^a"),
        ("^b", "a:1", "^a"),
    ],
)
def test_every_way_to_read_a_node_is_redirected(read, instead, reads):
    graph = chain()
    graph.node.append(node("z", "Relu6", "x", read) if read[0] == "^" else relu6("z", read))
    result = edited(graph, replaced={"b": []}, redirected={"b": instead})
    assert result.node[-1].input[-1] == reads


def test_what_only_a_replaced_node_read_goes_with_it():
    graph = chain()
    graph.node.extend([copy("one/read", "one"), node("c", "Add", "a", "one/read", T=F)])
    graph.node.append(relu6("end", "c"))
    result = edited(graph, replaced={"c": [relu6("c", "a")]})
    assert names(result) == ["x", "one", "a", "b", "y", "c", "end"]


def test_what_nobody_read_before_stays():
    graph = chain()
    graph.node.extend([const("lonely", 1, F), relu6("other_output", "x")])
    result = edited(graph, replaced={"b": []}, redirected={"b": "a"})
    assert names(result) == ["x", "one", "a", "y", "lonely", "other_output"]


def test_what_is_still_read_stays():
    graph = chain()
    graph.node.append(node("z", "Add", "x", "one", T=F))
    result = edited(graph, replaced={"a": [relu6("a", "x")]})
    assert "one" in names(result)


def test_a_new_node_that_nobody_reads_goes():
    spare = const("spare", 1, F)
    assert "spare" not in names(edited(chain(), replaced={"b": [spare, relu6("b", "a")]}))


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.int64, np.uint8])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 1, 3)])
def test_a_constant_holds_its_array(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    graph = graph_def(made_const("c", array))
    held = Graph(graph).constant(graph.node[0])
    assert (held.dtype, held.shape, held.tolist()) == (array.dtype, array.shape, array.tolist())


def test_a_constant_of_a_transposed_array_is_written_in_its_order():
    array = np.arange(6, dtype=F).reshape(2, 3).T
    graph = graph_def(made_const("c", array))
    assert Graph(graph).constant(graph.node[0]).tolist() == array.tolist()


def test_a_free_name_is_taken_by_no_node():
    graph = graph_def(const("a", 1, F), const("b", 1, F), const("b_1", 1, F))
    assert [free_name(Graph(graph), name) for name in "abc"] == ["a_1", "b_2", "c"]


@pytest.mark.parametrize(
    ("readers", "reader"),
    [
        ([], None),
        ([relu6("r", "a")], "r"),
        ([relu6("r", "a:0")], "r"),
        ([relu6("r", "a"), relu6("s", "a")], None),
        ([node("r", "Mul", "a", "a", T=F)], None),
        ([relu6("r", "a:1")], None),
        ([node("r", "Sub", "a", "a:1", T=F)], None),
    ],
)
def test_the_only_reader_reads_the_first_output_once(readers, reader):
    graph = Graph(graph_def(placeholder("x", F, ()), relu6("a", "x"), *readers))
    found = reads_once(graph, "a")
    assert (found and found.name) == reader


class Counted(dict):
    """Counts how often it is asked."""

    asked = 0

    def __contains__(self, key):
        Counted.asked += 1
        return super().__contains__(key)


def test_a_chain_of_redirected_nodes_is_walked_once():
    chain = Counted({f"i{k}": f"i{k - 1}:0" for k in range(1, 2000)})
    edit = Edit(redirected=chain)
    assert {edit.resolved(f"i{k}") for k in range(1999, 0, -1)} == {"i0"}
    assert edit.resolved("^i7:0") == "^i0"
    assert Counted.asked < 4 * len(chain)


def test_time_grows_no_faster_than_what_goes():
    def seconds(count):
        chain = [node(f"i{k + 1}", "Identity", f"i{k}", T=np.float32) for k in range(count)]
        start = placeholder("i0", np.float32, (1,))
        graph = Graph(graph_def(start, *chain, node("last", "Relu", f"i{count}", T=np.float32)))
        started = time.process_time()
        assert not applied(graph, Edit(replaced={"last": []})).graph.nodes
        return time.process_time() - started

    seconds(100)
    assert seconds(10_000) < 25 * seconds(1_000) + 0.5
