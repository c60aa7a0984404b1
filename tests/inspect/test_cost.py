import numpy as np
import pytest
from support.deeplab import classifier
from support.graphs import atrous, const, convolution, copy, graph_def, node, placeholder
from support.real import TARBALLS
from support.running import frozen_from
from support.sample import sample_graph
from support.shared import ZOO, needs_shared

from dlconv.convert.rewrite import rewrite
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.graph import Graph
from dlconv.graph.shapes import infer_static
from dlconv.inspect.cost import multiply_adds
from dlconv.inspect.inspection import cost_at, inspect_graph

F = np.float32


def kernel(*shape):
    return const("kernel", np.ones(shape), F)


def photo(*shape):
    return placeholder("photo", F, shape)


@pytest.mark.parametrize(
    ("nodes", "count"),
    [
        pytest.param(
            [photo(1, 5, 6, 2), kernel(3, 3, 2, 4), convolution("y", "photo", "kernel")],
            5 * 6 * 4 * (3 * 3 * 2),
            id="a convolution",
        ),
        pytest.param(
            [
                photo(1, 5, 6, 2),
                kernel(3, 3, 2, 4),
                convolution("y", "photo", "kernel", padding=b"VALID", strides=(2, 2)),
            ],
            2 * 2 * 4 * (3 * 3 * 2),
            id="with strides",
        ),
        pytest.param(
            [photo(1, 5, 6, 2), kernel(3, 3, 2, 2), convolution("y", "photo", "kernel", True)],
            5 * 6 * 4 * (3 * 3),
            id="a depthwise convolution",
        ),
        pytest.param(
            [photo(3, 8), kernel(8, 5), node("y", "MatMul", "photo", "kernel", T=F)],
            3 * 5 * 8,
            id="a matrix multiplication",
        ),
        pytest.param(
            [
                photo(3, 8),
                kernel(5, 8),
                node("y", "MatMul", "photo", "kernel", T=F, transpose_b=True),
            ],
            3 * 5 * 8,
            id="a transposed one",
        ),
        pytest.param([photo(1, 5, 6, 2), node("y", "Relu", "photo", T=F)], 0, id="an activation"),
        pytest.param(
            [photo(1, None, 6, 2), kernel(3, 3, 2, 4), convolution("y", "photo", "kernel")],
            None,
            id="an unknown size",
        ),
    ],
)
def test_multiply_adds(nodes, count):
    graph = Graph(graph_def(*nodes))
    assert multiply_adds(infer_static(graph), graph.nodes["y"]) == count


def test_padding_that_an_atrous_convolution_computes_on_is_counted():
    parts = atrous("y", "photo", "kernel", [2, 2], [[2, 3], [2, 3]], [[0, 1], [0, 1]])
    graph = graph_def(photo(1, 5, 5, 1), kernel(3, 3, 1, 1), *parts)
    assert cost_at(Graph(graph), (5, 5)).multiply_adds == 6 * 6 * 9  # of which 5 x 5 are kept


def test_memory_is_the_most_that_is_alive_at_once():
    graph = graph_def(
        photo(1, 10, 10, 1),
        kernel(1, 1, 1, 3),
        convolution("wide", "photo", "kernel"),  # 300 elements, beside the photo's 100
        node("gate", "Sigmoid", "wide", T=F),  # 300, beside wide's 300
        node("both", "Mul", "wide", "gate", T=F),  # 300, beside two of them
        copy("out", "both"),
    )
    cost = cost_at(Graph(graph), (10, 10))
    assert cost.activation_bytes == 4 * 900
    assert {row.stage: row.activation_bytes for row in cost.stages} == {
        "input": 400,
        "decoder": 4 * 400,
        "postprocessing": 4 * 900,
        "output": 4 * 600,
    }


def test_every_output_that_is_read_is_memory():
    graph = graph_def(
        photo(1, 10, 10, 3),
        const("axis", 3, np.int32),
        node("bands", "Split", "axis", "photo", T=F, num_split=3),  # 300, two thirds of it read
        node("y", "Add", "bands", "bands:2", T=F),
    )
    assert cost_at(Graph(graph), (10, 10)).activation_bytes == 4 * (300 + 200)


def test_stages_add_up():
    graph = Graph(classifier())
    cost = cost_at(graph, (33, 33))
    assert sum(row.nodes for row in cost.stages) == len(graph.nodes)
    assert sum(row.multiply_adds for row in cost.stages) == cost.multiply_adds
    assert cost.weight_bytes == inspect_graph(graph).summary.weight_bytes
    assert cost.unknown == 0


def test_nodes_of_unknown_shape_are_told():
    graph = graph_def(photo(1, 5, 6, 2), node("odd", "NoSuchOp", "photo"), copy("y", "odd"))
    cost = cost_at(Graph(graph), (5, 6))
    assert cost.unknown == 2
    assert cost.activation_bytes == 4 * 60


def test_the_sample_is_counted_at_its_crop(tmp_path):
    cost = inspect_graph(Graph(read_graph(sample_graph(tmp_path).path))).cost
    assert cost.size == (129, 129)
    assert cost.unknown == 0
    (decoder,) = [row for row in cost.stages if row.stage == "decoder"]
    assert decoder.multiply_adds == 17 * 17 * 64 * 5
    assert decoder.weight_bytes == 4 * (64 * 5 + 5)


@needs_shared
@pytest.mark.parametrize(
    ("model", "exported", "spared"),
    [("real_mnv2", 8_840_043_968, 8_549_029_568), ("real_mnv2_dm05", 2_825_735_808, 2_541_816_576)],
)
def test_real_networks_are_counted_as_exported_and_as_rewritten(tmp_path, model, exported, spared):
    graph = Graph(read_graph(frozen_from(ZOO / "models" / TARBALLS[model], tmp_path).path))
    cost = cost_at(graph, (513, 513))
    assert (cost.multiply_adds, cost.unknown) == (exported, 0)
    # Without the padding of atrous convolutions, and what is pooled projected only once.
    spares = rewrite.only("flatten-atrous", "fold-batch-norms", "split-pooled")
    assert cost_at(spares(graph).graph, (513, 513)).multiply_adds == spared
