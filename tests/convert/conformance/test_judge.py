import numpy as np
import pytest
from support.graphs import const, graph_def, node, placeholder

from dlconv.convert.conformance.judge import judged, refuse
from dlconv.convert.conformance.table import Fault, Measured, Status, Table
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph

F = np.float32
VALUES = {"T": frozenset({"float32"}), "rank of x": frozenset({"2"}), "x": frozenset({"computed"})}


def table_of(*faults, output="0"):
    values = {**VALUES, "output": frozenset({"0", output})}
    return Table({}, ("wasm",), {"Abs": Measured(1, values, {"wasm": faults})})


GRAPH = Graph(graph_def(placeholder("x", F, (2, 3)), node("y", "Abs", "x", T=F)))


def test_what_is_right_is_not_named():
    assert list(judged(table_of(), GRAPH, ["wasm"])) == []


def test_the_first_wrong_node_is_refused_with_its_backend_and_reason():
    found = judged(table_of(Fault({"rank of x": "2"}, Status.WRONG)), GRAPH, ["wasm"])
    with pytest.raises(DlconvError) as caught:
        refuse("TensorFlow.js", found)
    assert caught.value.message == (
        "TensorFlow.js cannot hold y (Abs): its wasm backend computes something else "
        "with rank of x 2"
    )
    assert caught.value.data == {"node": "y", "backend": "wasm"}


def test_only_outputs_that_are_read_count():
    x, axis = placeholder("x", F, (2, 4)), const("axis", 0, np.int32)
    split = node("s", "Split", "axis", "x", T=F, num_split=2)
    graphs = {
        port: Graph(graph_def(x, axis, split, node("y", "Abs", f"s:{port}", T=F)))
        for port in (0, 1)
    }
    values = {
        "T": frozenset({"float32"}),
        "num_split": frozenset({"2"}),
        "split_dim": frozenset({"constant"}),
        "rank of split_dim": frozenset({"0"}),
        "value": frozenset({"computed"}),
        "rank of value": frozenset({"2"}),
        "output": frozenset({"0", "1"}),
    }
    fault = Fault({"output": "1"}, Status.FAILS)
    ops = {"Split": Measured(1, values, {"wasm": (fault,)}), **table_of().ops}
    found = {
        port: [each.node.name for each in judged(Table({}, ("wasm",), ops), graph, ["wasm"])]
        for port, graph in graphs.items()
    }
    assert found == {0: [], 1: ["s"]}
