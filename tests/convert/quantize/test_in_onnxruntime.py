import weakref
from functools import partial

import numpy as np
import pytest
from support.graphs import graph_def, layer, node, placeholder, relu6
from support.networks import pictures, small_segmenter

from dlconv.convert.quantize import in_onnxruntime
from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.errors import DlconvError
from dlconv.graph.contract import Ends, find_all, find_contract
from dlconv.graph.graph import Graph
from dlconv.runtimes.onnxruntime import open_session

F = np.float32


@pytest.fixture
def opened(monkeypatch):
    """References to all sessions that were opened."""
    sessions = []

    def watched(*model, **options):
        session = open_session(*model, **options)
        sessions.append(weakref.ref(session))
        return session

    monkeypatch.setattr(in_onnxruntime, "open_session", watched)
    return sessions


def living(sessions):
    return sum(session() is not None for session in sessions)


def chain(length=4):
    nodes = [placeholder("x", F, (1, None, None, 3))]
    for number in range(length):
        weights = np.full((1, 1, 3, 3), number, F)
        nodes += layer(f"c{number}", nodes[-1].name, weights, np.ones(3, F))
    return Graph(graph_def(*nodes))


def test_two_sessions_are_open_at_most_and_none_afterwards(opened):
    graph, image = chain(), np.ones((1, 2, 2, 3), F)
    with OnnxNetwork(graph, find_contract(graph)) as network:
        network.sizes(["c0", "c3"], image)
        assert living(opened) == 0
        for name in ("c0", "c1", "c2", "c3"):
            network.run([name], {"x": image})
            assert living(opened) <= 2
        assert len(opened) == 5
    assert living(opened) == 0


def test_runs_with_two_sets_of_weights_in_turn_open_two_sessions(opened):
    graph, image = chain(), np.ones((1, 2, 2, 3), F)
    replaced = {"c1/kernel": np.full((1, 1, 3, 3), 5, F)}
    with OnnxNetwork(graph, find_contract(graph)) as network:
        for _ in range(3):
            (exact,) = network.run(["c1"], {"x": image})
            (other,) = network.run(["c1"], {"x": image}, replaced)
    assert len(opened) == 2
    assert (exact.max(), other.max()) == (4, 16)


def test_weights_that_a_part_does_not_read_open_no_other_session(opened):
    graph, image = chain(), np.ones((1, 2, 2, 3), F)
    with OnnxNetwork(graph, find_contract(graph)) as network:
        for weights in ({}, {"c2/bias": np.zeros(3, F)}, {"c1/bias": np.zeros(3, F)}):
            network.run(["c3"], {"x": image, "c2": image}, weights)
    assert len(opened) == 1


def test_threads_change_no_bit(monkeypatch):
    graph = Graph(small_segmenter())
    found = []
    for threads in (1, 2, 5):
        opening = partial(open_session, threads=threads)
        monkeypatch.setattr(in_onnxruntime, "open_session", opening)
        with OnnxNetwork(graph, find_contract(graph)) as network:
            names = ["stem/relu", "dw/relu", "large/relu", "head"]
            found.append(network.run(names, {"ImageTensor": pictures(1, (333, 257))[0]}))
    for one, *others in zip(*found, strict=True):
        assert all(np.array_equal(one, other) for other in others)


def test_a_graph_that_onnx_cannot_hold_is_refused_at_once():
    graph = Graph(
        graph_def(
            placeholder("x", F, (1, None, None, 3)),
            *layer("conv", "x", np.ones((1, 1, 3, 3))),
            node("y", "Digamma", "conv", T=F),
        )
    )
    with pytest.raises(DlconvError, match=r"does not write Digamma as ONNX \(node y\)"):
        OnnxNetwork(graph, find_contract(graph))


def test_what_neither_the_output_nor_a_layer_needs_is_not_written():
    graph = Graph(
        graph_def(
            placeholder("x", F, (1, None, None, 3)),
            *layer("conv", "x", np.ones((1, 1, 3, 3))),
            relu6("y", "conv"),
            node("unread", "Digamma", "conv", T=F),
        )
    )
    with OnnxNetwork(graph, find_all(graph, Ends(outputs=("y",))).contract()) as network:
        (found,) = network.run(["y"], {"x": np.full((1, 1, 1, 3), 0.5, F)})
    assert np.array_equal(found, np.full((1, 1, 1, 3), 1.5, F))
