import numpy as np
import pytest
from support.graphs import const, graph_def, layer, node, placeholder, relu6
from support.running import Session

from dlconv.convert.targets.onnx.parts import Parts
from dlconv.errors import DlconvError
from dlconv.graph.graph import Graph
from dlconv.runtimes.onnxruntime import open_session

F = np.float32
RANDOM = np.random.default_rng(4)
IMAGE = RANDOM.normal(size=(1, 6, 5, 3)).astype(F)


def kernel(*shape):
    return RANDOM.normal(size=shape).astype(F)


def graph():
    """Two convolutions, halves of channels, and what is read as it is and with channels first."""
    return graph_def(
        placeholder("x", F, (1, None, None, 3)),
        *layer("stem", "x", kernel(3, 3, 3, 4), kernel(4)),
        relu6("relu", "stem"),
        const("last", 3, np.int32),
        node("halves", "Split", "last", "relu", T=F, num_split=2),
        *layer("left", "halves", kernel(3, 3, 2, 2), kernel(2)),
        node("sum", "Add", "left", "halves:1", T=F),
        const("flat", [-1, 2], np.int32),
        node("rows", "Reshape", "sum", "flat", T=F, Tshape=np.int32),
        *layer("head", "sum", kernel(1, 1, 2, 3), kernel(3)),
    )


DEFINITION = graph()
GRAPH = Graph(DEFINITION)
NODES = [name for name in GRAPH.nodes if GRAPH.nodes[name].op not in ("Const", "Placeholder")]
WEIGHTS = {
    name: GRAPH.constant(GRAPH.nodes[name])
    for name in GRAPH.nodes
    if name.endswith(("/kernel", "/bias"))
}


@pytest.fixture(scope="module")
def parts():
    return Parts(GRAPH, WEIGHTS, ["head", "rows"])


@pytest.fixture(scope="module")
def in_tensorflow():
    with Session(DEFINITION) as session:
        yield session


def computed(part, feeds, weights=WEIGHTS):
    session = open_session(part.model(weights).proto().SerializeToString())
    return session.run(None, {part.inputs[name]: value for name, value in feeds.items()})


def assert_close(found, expected):
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_all_nodes_give_what_they_do_in_tensorflow(parts, in_tensorflow):
    found = computed(parts.part(NODES, ["x"]), {"x": IMAGE})
    for value, expected in zip(found, in_tensorflow.run(NODES, x=IMAGE), strict=True):
        assert_close(value, expected)


@pytest.mark.parametrize("fed", [name for name in NODES if not name.startswith("head")])
@pytest.mark.parametrize("wanted", ["head", "rows", "sum", "left/conv"])
def test_what_is_fed_is_not_computed(parts, in_tensorflow, fed, wanted):
    value = RANDOM.normal(size=in_tensorflow.run(fed, x=IMAGE).shape).astype(F)
    (found,) = computed(parts.part([wanted], ["x", fed]), {"x": IMAGE, fed: value})
    assert_close(found, in_tensorflow.run(wanted, **{"x": IMAGE, fed: value}))


def test_a_part_needs_no_other_weights_and_computes_with_those_it_is_given(parts, in_tensorflow):
    part = parts.part(["head"], ["sum"])
    assert set(part.weights) == {"head/kernel", "head/bias"}
    weights = {"head/kernel": kernel(1, 1, 2, 3), "head/bias": kernel(3)}
    given = kernel(1, 4, 3, 2)
    (found,) = computed(part, {"sum": given}, weights)
    assert_close(found, in_tensorflow.run("head", sum=given, **weights))


def test_a_convolution_gives_its_own_values_beside_those_with_a_bias_that_never_changes():
    parts = Parts(GRAPH, [], ["stem"])
    with_bias, without = computed(parts.part(["stem", "stem/conv"], ["x"]), {"x": IMAGE}, {})
    assert_close(with_bias, without + WEIGHTS["stem/bias"])


def test_sizes_are_counted_without_the_values(parts):
    part = parts.part(["x", "halves", "rows"], ["x"], "Size")
    assert [int(size) for size in computed(part, {"x": IMAGE})] == [90, 60, 60]


def test_a_part_that_needs_more_than_is_fed_is_refused(parts):
    with pytest.raises(DlconvError, match="nothing is fed to x"):
        parts.part(["head"], ["halves"])


def test_a_graph_that_onnx_cannot_hold_has_no_parts():
    refused = graph_def(placeholder("x", F, (1, 2, 2, 3)), node("y", "Digamma", "x", T=F))
    with pytest.raises(DlconvError, match="Digamma"):
        Parts(Graph(refused), [], ["y"])
