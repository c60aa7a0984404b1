import pytest
from support.graphs import graph_def, node, tiny_segmenter
from support.running import assert_untouched, result_of, rewritten

from dlconv.convert.passes import Pipeline
from dlconv.errors import DlconvError, UsageError
from dlconv.graph.edit import Edit, applied
from dlconv.graph.graph import Graph


def drop(name):
    """A pass that drops the node of a name."""
    return lambda graph: applied(graph, Edit({name: []} if name in graph.nodes else {}))


DROPS = Pipeline({"drop-a": drop("a"), "drop-b": drop("b"), "drop-c": drop("c")})


def abc(*names):
    return graph_def(*(node(name, "Placeholder", dtype="float32") for name in names))


def names_of(graph):
    return [n.name for n in graph.node]


def test_passes_run_one_after_another():
    assert names_of(rewritten(DROPS, abc("a", "b", "c", "d"))) == ["d"]
    assert names_of(rewritten(DROPS, abc("b", "d"))) == ["d"]


def test_without_a_pattern_for_any_pass_the_very_same_graph_comes_back():
    assert_untouched(DROPS, abc("d"))
    assert_untouched(Pipeline({}), tiny_segmenter())


def test_a_shorter_pipeline_keeps_the_order():
    some = DROPS.only("drop-c", "drop-a")
    assert (DROPS.names, some.names) == (("drop-a", "drop-b", "drop-c"), ("drop-a", "drop-c"))
    assert names_of(result_of(some, abc("a", "b", "c", "d"))) == ["b", "d"]


def test_a_name_that_no_pass_has_is_wrong_usage():
    with pytest.raises(UsageError, match="no pass is called drop-d, drop-e") as raised:
        DROPS.only("drop-e", "drop-a", "drop-d")
    assert raised.value.hint == "passes: drop-a, drop-b, drop-c"


def test_a_graph_that_numpy_refuses_is_refused_by_the_name_of_the_pass():
    def fail(graph):
        raise ValueError("cannot reshape")

    pipeline = Pipeline({"reshape": fail})
    with pytest.raises(DlconvError, match="reshape stops at this graph.*cannot reshape"):
        pipeline(Graph(tiny_segmenter()))
    for each in pipeline:
        with pytest.raises(DlconvError):
            each(Graph(tiny_segmenter()))
