import weakref

import numpy as np
import pytest
from support.graphs import const, graph_def, layer, node, placeholder, relu6

from dlconv.convert.quantize import activations
from dlconv.convert.quantize.activations import Walk
from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.convert.quantize.in_tensorflow import TensorFlowNetwork
from dlconv.convert.quantize.layers import find_layers, grouped
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

F = np.float32
RANDOM = np.random.default_rng(3)
IMAGES = [RANDOM.normal(size=(1, *size, 3)).astype(F) for size in ((8, 8), (9, 6), (8, 8))]
# Bytes for 8 x 8 pixels of 4 channels, which half of the layers of ``branching`` read.
OF_FOUR_CHANNELS = 4 * 8 * 8 * 4


def kernel(*shape):
    return RANDOM.normal(size=shape).astype(F)


def branching():
    """A stem, a residual block, two branches of one tensor, pooled features and a head."""
    return graph_def(
        placeholder("x", F, (1, None, None, 3)),
        *layer("stem", "x", kernel(3, 3, 3, 4), kernel(4)),
        relu6("stem/relu", "stem"),
        *layer("wide", "stem/relu", kernel(1, 1, 4, 8), kernel(8)),
        *layer("dw", "wide", kernel(3, 3, 8, 1), kernel(8), depthwise=True, rates=(2, 2)),
        *layer("narrow", "dw", kernel(1, 1, 8, 4), kernel(4)),
        node("sum", "Add", "narrow", "stem/relu", T=F),
        *layer("left", "sum", kernel(1, 1, 4, 2), kernel(2)),
        *layer("right", "sum", kernel(3, 3, 4, 2), kernel(2), strides=(1, 1)),
        node("both", "Add", "left", "right", T=F),
        pooling("rows", "both", 1, 2),
        pooling("pooled", "rows", 2, 1),
        *layer("head", "pooled", kernel(1, 1, 2, 3), kernel(3)),
    )


def pooling(name, source, height, width):
    pooled = node(name, "AvgPool", source, T=F, padding=b"VALID")
    pooled.attr["ksize"].list.i.extend([1, height, width, 1])
    pooled.attr["strides"].list.i.extend([1, height, width, 1])
    return pooled


GRAPH = Graph(branching())


@pytest.fixture(params=[OnnxNetwork, TensorFlowNetwork])
def network(request):
    with request.param(GRAPH, find_contract(GRAPH)) as network:
        yield network


@pytest.fixture(params=[0, OF_FOUR_CHANNELS, 10**9], ids=["nothing", "some", "everything"])
def kept(request, monkeypatch):
    """How large the inputs of layers may be that are kept."""
    monkeypatch.setattr(activations, "MOST_KEPT_BYTES", request.param)
    return request.param


def other_weights(layers):
    """Other values for the constants of layers, by name."""
    random = np.random.default_rng(len(layers[0].name))
    named = {each.kernel_name: each.kernel.shape for each in layers}
    named |= {each.bias_name: (each.matrices.shape[0] * each.kernel.shape[3],) for each in layers}
    return {name: random.normal(size=shape).astype(F) for name, shape in named.items()}


def is_close(first, second):
    return first.shape == second.shape and np.allclose(first, second, rtol=1e-5, atol=1e-4)


def test_flows_are_those_of_the_whole_network_for_the_weights_replaced_so_far(network, kept):
    groups = grouped(find_layers(GRAPH))
    assert [len(group) for group in groups] == [1, 1, 1, 1, 2, 1]
    walk = Walk(network, groups, IMAGES)
    replaced = {}
    for number, group in enumerate(groups):
        source = group[0].source
        for image, flow in zip(IMAGES, walk.flows(number), strict=True):
            assert is_close(flow.exact, network.run([source], {"x": image})[0])
            assert is_close(flow.replaced, network.run([source], {"x": image}, replaced)[0])
            assert not replaced or not is_close(flow.exact, flow.replaced)
        replaced |= other_weights(group)
        walk.replace(other_weights(group))
    assert len(replaced) == 14


def test_without_replaced_weights_both_flows_are_the_same(network, kept):
    groups = grouped(find_layers(GRAPH))
    walk = Walk(network, groups, IMAGES)
    for number in range(len(groups)):
        for flow in walk.flows(number):
            assert np.array_equal(flow.exact, flow.replaced)


def test_the_input_of_average_poolings_comes_with_what_they_made_of_it(network, kept):
    groups = grouped(find_layers(GRAPH))
    walk = Walk(network, groups, IMAGES)
    replaced = {}
    for number, group in enumerate(groups):
        for image, flow in zip(IMAGES, walk.flows(number), strict=True):
            if group[0].name != "head/conv":
                assert flow.pooled_from is None
                continue
            before = network.run(["both"], {"x": image}, replaced)[0]
            assert is_close(flow.pooled_from, before)
            assert flow.pooled_from.shape[1:3] == image.shape[1:3]
        replaced |= other_weights(group)
        walk.replace(other_weights(group))


def test_what_no_later_layer_needs_is_forgotten(network):
    groups = grouped(find_layers(GRAPH))
    walk = Walk(network, groups, IMAGES)
    seen = {}
    held = []
    for number, (group, *_) in enumerate(groups):
        for flow in walk.flows(number):
            seen.setdefault(group.source, []).extend(map(weakref.ref, (flow.exact, flow.replaced)))
            del flow
        seen.pop("x", None)  # the images belong to the caller
        held.append({name for name, arrays in seen.items() if any(a() is not None for a in arrays)})
    assert held == [
        set(),
        {"stem/relu"},
        {"stem/relu", "wide"},
        {"stem/relu", "dw"},
        {"sum"},
        set(),
    ]
    assert len(seen["stem/relu"]) == 2 * len(IMAGES)


@pytest.mark.parametrize("nothing_is_kept", [True, False])
def test_inputs_that_are_kept_are_not_computed_again(network, monkeypatch, nothing_is_kept):
    if nothing_is_kept:
        monkeypatch.setattr(activations, "MOST_KEPT_BYTES", 0)
    groups = grouped(find_layers(GRAPH))
    walk = Walk(network, groups, IMAGES)
    runs = []
    run_unwatched = network.run

    def watched(names, fed, *replaced):
        runs.append((names[0], set(fed)))
        return run_unwatched(names, fed, *replaced)

    monkeypatch.setattr(network, "run", watched)
    for number in range(len(groups)):
        list(walk.flows(number))
    fed_to_head = [fed for name, fed in runs if name == "pooled"]
    assert len(fed_to_head) == 2 * len(IMAGES)
    assert all(fed == ({"x"} if nothing_is_kept else {"x", "sum"}) for fed in fed_to_head)


def test_only_the_first_output_of_a_node_stands_for_what_was_kept():
    graph = graph_def(
        placeholder("x", F, (1, None, None, 3)),
        *layer("stem", "x", kernel(1, 1, 3, 4), kernel(4)),
        const("axis", 3, np.int32),
        node("halves", "Split", "axis", "stem", T=F, num_split=2),
        *layer("left", "halves", kernel(1, 1, 2, 2), kernel(2)),
        node("sum", "Add", "left", "halves:1", T=F),
        *layer("head", "sum", kernel(1, 1, 2, 3), kernel(3)),
    )
    groups = grouped(find_layers(Graph(graph)))
    assert [group[0].source for group in groups] == ["x", "halves", "sum"]
    with OnnxNetwork(Graph(graph), find_contract(Graph(graph))) as network:
        walk = Walk(network, groups, IMAGES)
        replaced = {}
        for number, group in enumerate(groups):
            flows = list(walk.flows(number))
            replaced |= other_weights(group)
            walk.replace(other_weights(group))
        expected = [network.run(["sum"], {"x": image}, replaced)[0] for image in IMAGES]
    assert all(is_close(flow.replaced, e) for flow, e in zip(flows, expected, strict=True))
