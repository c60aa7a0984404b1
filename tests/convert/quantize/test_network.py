import numpy as np
import pytest
from support.graphs import (
    const,
    convolving_three_axes,
    graph_def,
    layer,
    node,
    placeholder,
    relu6,
)
from support.running import Session
from support.sample import sample_graph, sample_photos

from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.convert.quantize.in_tensorflow import TensorFlowNetwork
from dlconv.convert.quantize.layers import find_layers
from dlconv.convert.quantize.measure import scores_node
from dlconv.convert.rewrite import rewrite
from dlconv.errors import DlconvError
from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

F = np.float32
RANDOM = np.random.default_rng(5)


def kernel(*shape):
    return RANDOM.normal(size=shape).astype(F)


DEFINITION = graph_def(
    placeholder("x", F, (1, None, None, 3)),
    *layer("stem", "x", kernel(3, 3, 3, 4), kernel(4)),
    relu6("relu", "stem"),
    *layer("narrow", "relu", kernel(1, 1, 4, 4), kernel(4)),
    node("sum", "Add", "narrow", "relu", T=F),
    const("last", 3, np.int32),
    node("labels", "ArgMax", "sum", "last", T=F, Tidx=np.int32, output_type=np.int64),
)
GRAPH = Graph(DEFINITION)
NODES = ["stem/conv", "stem", "relu", "narrow/conv", "narrow", "sum", "labels"]
IMAGES = [kernel(1, *size, 3) for size in ((8, 8), (9, 6))]
both_networks = pytest.mark.parametrize("network", [OnnxNetwork, TensorFlowNetwork], indirect=True)


@pytest.fixture
def network(request):
    with request.param(GRAPH, find_contract(GRAPH)) as network:
        yield network


@pytest.fixture(scope="module")
def in_tensorflow():
    with Session(DEFINITION) as session:
        yield session


def assert_same(found, expected):
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    if found.dtype == F:
        assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    else:
        assert np.array_equal(found, expected)


@both_networks
def test_a_network_computes_what_its_graph_does(network, in_tensorflow):
    for image in IMAGES:
        found = network.run(NODES, {"x": image})
        for value, expected in zip(found, in_tensorflow.run(NODES, x=image), strict=True):
            assert_same(value, expected)


@both_networks
def test_weights_are_replaced_for_one_run(network, in_tensorflow):
    replaced = {"narrow/kernel": kernel(1, 1, 4, 4), "stem/bias": kernel(4)}
    for weights in (replaced, {}, replaced):
        (found,) = network.run(["sum"], {"x": IMAGES[0]}, weights)
        assert_same(found, in_tensorflow.run("sum", x=IMAGES[0], **weights))


@both_networks
def test_the_same_constants_with_other_values_are_other_weights(network, in_tensorflow):
    for _ in range(3):
        weights = {"stem/kernel": kernel(3, 3, 3, 4)}
        (found,) = network.run(["sum"], {"x": IMAGES[0]}, weights)
        assert_same(found, in_tensorflow.run("sum", x=IMAGES[0], **weights))


@both_networks
def test_nodes_that_are_fed_are_not_computed(network):
    ones = np.ones((1, 4, 4, 4), F)
    summed, narrow = network.run(["sum", "narrow"], {"x": IMAGES[0], "relu": ones})
    assert_same(summed, narrow + 1)
    zeros = {"narrow/kernel": np.zeros((1, 1, 4, 4), F), "narrow/bias": np.full(4, 7, F)}
    (summed,) = network.run(["sum"], {"x": IMAGES[0], "relu": ones}, zeros)
    assert np.array_equal(summed, 8 * ones)
    (again,) = network.run(["narrow"], {"x": IMAGES[0], "relu": ones})
    assert np.array_equal(again, narrow)


@both_networks
def test_sizes_are_those_for_the_first_image(network):
    assert network.sizes(["x", "sum"], IMAGES[0]) == [192, 256]
    assert network.sizes(["sum", "labels"], IMAGES[1]) == [256, 54]


@both_networks
def test_an_image_that_does_not_fit_is_an_error_of_one_line(network, capfd):
    with pytest.raises(DlconvError, match="cannot run the graph to calibrate it") as raised:
        network.run(["sum"], {"x": np.zeros((1, 4, 4, 5), F)})
    assert "\n" not in raised.value.message
    assert capfd.readouterr().err == ""


def test_the_sample_has_the_activations_that_it_has_in_tensorflow(tmp_path):
    """All inputs of layers, the scores, and every label."""
    graph = rewrite(Graph(read_graph(sample_graph(tmp_path).path))).graph
    contract = find_contract(graph)
    sources = [each.source for each in find_layers(graph)]
    names = [*dict.fromkeys([*sources, scores_node(graph, contract), contract.output.node])]
    with OnnxNetwork(graph, contract) as network, Session(graph.graph_def) as session:
        for photo in sample_photos()[:2]:
            found = network.run(names, {contract.input.node: photo})
            expected = session.run(names, **{contract.input.node: photo})
            for value, other in zip(found, expected, strict=True):
                assert_same(value, other)
    assert len(names) > 40


def test_a_graph_that_ends_tensorflow_is_an_error():
    graph = Graph(convolving_three_axes())
    image = np.zeros((1, 65, 97, 3), np.uint8)
    said = r"ended \(SIGABRT\) while it ran the graph to calibrate it"
    network = TensorFlowNetwork(graph, find_contract(graph))
    with network, pytest.raises(DlconvError, match=said):
        network.run(["labels"], {"ImageTensor": image})
