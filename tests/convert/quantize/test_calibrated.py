from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.graphs import graph_def, layer, node, placeholder, relu6

from dlconv.convert.quantize.calibrated import UNPOOLED_SHARE, calibrate, tap_means
from dlconv.convert.quantize.grid import channel_grid, own_grid, tensor_grid
from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.convert.quantize.layers import Layer, find_layers
from dlconv.convert.quantize.rounding import moments_of, round_to_outputs
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

F = np.float32


@dataclass(frozen=True)
class Example:
    """A graph from ``x``, its layers, and images of sizes it takes."""

    graph: Graph
    images: list

    @property
    def layers(self):
        return find_layers(self.graph)


@st.composite
def convolutions(draw, name, source, channels, size):
    """A layer with a bias, the number of its channels and the size of its output."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    depthwise = draw(st.booleans())
    extents = draw(st.tuples(*[st.sampled_from([1, 2, 3])] * 2))
    stride, rate = draw(st.sampled_from([(1, 1), (1, 2), (1, 3), (2, 1), (3, 1)]))
    reach = [rate * (extent - 1) + 1 for extent in extents]
    fits = all(given >= needed for given, needed in zip(size, reach, strict=True))
    padding = draw(st.sampled_from([b"SAME", b"VALID"])) if fits else b"SAME"
    last = draw(st.integers(1, 2)) if depthwise else draw(st.integers(1, 6))
    outputs = channels * last if depthwise else last
    nodes = layer(
        name,
        source,
        random.normal(size=(*extents, channels, last)),
        random.normal(size=outputs),
        depthwise=depthwise,
        strides=(stride, stride),
        rates=(rate, rate),
        padding=padding,
    )
    spare = reach if padding == b"VALID" else (1, 1)
    size = [(given - least) // stride + 1 for given, least in zip(size, spare, strict=True)]
    return nodes, outputs, size


@st.composite
def chains(draw):
    """One to four convolutions, some behind an activation, and photos of odd and even sizes."""
    channels, size = 3, [draw(st.integers(5, 13)), draw(st.integers(5, 13))]
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    sizes = draw(
        st.lists(st.tuples(*[st.integers(least, least + 2) for least in size]), max_size=2)
    )
    images = [random.normal(size=(1, *each, 3)).astype(F) for each in [size, *sizes]]
    nodes = [placeholder("x", F, (1, None, None, 3))]
    for index in range(draw(st.integers(1, 4))):
        more, channels, size = draw(convolutions(f"c{index}", nodes[-1].name, channels, size))
        nodes += more
        if draw(st.booleans()):
            nodes.append(relu6(f"relu{index}", nodes[-1].name))
    return Example(Graph(graph_def(*nodes)), images)


@st.composite
def coarse_grids(draw, layers):
    bits = draw(st.integers(2, 5))
    wanted = draw(st.sampled_from([tensor_grid, channel_grid]))

    def grid(each):
        return (tensor_grid if each.is_depthwise else wanted)(each.kernel, bits)

    return {each.name: [grid(each)] for each in layers}


def channel_means(network, names, images, weights):
    """The mean of each channel over all positions of a photo, and over the photos."""
    outputs = [network.run(names, {"x": image}, weights) for image in images]
    return [
        np.mean(
            [output[index].mean(axis=(0, 1, 2), dtype=np.float64) for output in outputs], axis=0
        )
        for index in range(len(names))
    ]


def weights_of(rounded):
    return {name: value for each in rounded for name, value in each.weights.items()}


@settings(max_examples=60)
@given(chains())
def test_a_kernel_times_its_tap_means_is_the_mean_output(example):
    with OnnxNetwork(example.graph, find_contract(example.graph)) as network:
        for each in example.layers:
            x, y = network.run([each.source, each.name], {"x": example.images[0]})
            means = tap_means(each, x)
            assert means.shape == each.kernel.shape[:3]
            sums = "hwim,hwi->im" if each.is_depthwise else "hwio,hwi->o"
            mean = np.einsum(sums, each.kernel.astype(np.float64), means).ravel()
            scale = np.abs(each.kernel).sum() * np.abs(x).max()
            assert np.abs(mean - y.mean(axis=(0, 1, 2))).max() <= 1e-5 * scale + 1e-9


def test_all_images_of_a_batch_count_for_the_means():
    kernel = np.ones((3, 3, 2, 4), np.float32)
    layer = Layer("conv", "x", "w", kernel, None, False, (2, 1), (1, 1), "SAME")
    images = np.random.default_rng(3).normal(size=(3, 7, 5, 2))
    each = [tap_means(layer, image[None]) for image in images]
    assert np.allclose(tap_means(layer, images), np.mean(each, axis=0), atol=1e-12)


@settings(max_examples=60)
@given(chains(), st.data())
def test_each_channel_of_each_layer_keeps_its_mean_output(example, data):
    grids = data.draw(coarse_grids(example.layers))
    names = [each.bias_name.removesuffix("/bias") for each in example.layers]
    with OnnxNetwork(example.graph, find_contract(example.graph)) as network:
        rounded = calibrate(network, example.layers, grids, example.images)
        exact = channel_means(network, names, example.images, {})
        found = channel_means(network, names, example.images, weights_of(rounded))
    for before, after, each in zip(exact, found, rounded, strict=True):
        scale = np.abs(each.kernel).sum() + np.abs(each.bias).max() + np.abs(before).max()
        assert np.abs(before - after).max() <= 1e-5 * scale


@settings(max_examples=30)
@given(chains(), st.data())
def test_kernels_are_on_their_grids_and_weights_replace_constants(example, data):
    grids = data.draw(coarse_grids(example.layers))
    with OnnxNetwork(example.graph, find_contract(example.graph)) as network:
        rounded = calibrate(network, example.layers, grids, example.images)
    assert [each.layer.name for each in rounded] == [each.name for each in example.layers]
    for each in rounded:
        (grid,) = grids[each.layer.name]
        assert each.grid is grid
        assert each.codes.shape == each.layer.kernel.shape
        assert np.array_equal(each.codes, np.clip(np.rint(each.codes), 0, grid.last_code))
        assert np.array_equal(each.kernel, grid.values(each.codes).astype(F))
        before = example.graph.nodes
        for name, value in each.weights.items():
            assert value.dtype == F
            assert value.shape == example.graph.constant(before[name]).shape


RANDOM = np.random.default_rng(11)


def kernel(*shape):
    return RANDOM.normal(size=shape).astype(F)


def two_branches():
    """x -> stem -> left and right, of which only ``left`` has a bias."""
    graph = graph_def(
        placeholder("x", F, (1, None, None, 3)),
        *layer("stem", "x", kernel(3, 3, 3, 8), kernel(8)),
        relu6("relu", "stem"),
        *layer("left", "relu", kernel(1, 1, 8, 6), kernel(6)),
        *layer("right", "relu", kernel(3, 3, 8, 6)),
        node("both", "Add", "left", "right", T=F),
        *layer("head", "both", kernel(1, 1, 6, 4), kernel(4)),
    )
    return Example(Graph(graph), [kernel(1, *size, 3) for size in ((8, 9), (8, 9), (7, 10))])


@pytest.fixture(scope="module")
def example():
    return two_branches()


@pytest.fixture(scope="module")
def network(example):
    with OnnxNetwork(example.graph, find_contract(example.graph)) as network:
        yield network


def at_bits(layers, bits=3):
    return {each.name: [tensor_grid(each.kernel, bits)] for each in layers}


def by_name(rounded):
    return {each.layer.name: each for each in rounded}


def test_a_layer_without_a_bias_has_none_to_correct(example, network):
    rounded = by_name(calibrate(network, example.layers, at_bits(example.layers), example.images))
    assert rounded["right"].bias is None
    assert set(rounded["right"].weights) == {"right/kernel"}
    assert set(rounded["left/conv"].weights) == {"left/kernel", "left/bias"}


def test_codes_are_those_for_the_inputs_in_the_network_rounded_so_far(example, network):
    """Written out for the head, which reads what three rounded layers make."""
    layers = example.layers
    grids = at_bits(layers)
    rounded = by_name(calibrate(network, layers, grids, example.images))
    head = rounded.pop("head/conv")
    (grid,) = grids["head/conv"]
    moments = []
    for image in example.images:
        exact, replaced = (
            network.run(["both"], {"x": image}, weights)[0].reshape(1, -1, 6)
            for weights in ({}, weights_of(rounded.values()))
        )
        moments.append(moments_of(replaced, exact, 1 / len(example.images)))
    (layer,) = [each for each in layers if each.name == "head/conv"]
    codes, _ = round_to_outputs(layer.matrices, moments[0] + moments[1] + moments[2], [grid])
    assert np.array_equal(head.codes, layer.kernel_of(codes))
    assert not np.array_equal(head.codes, grid.codes(layer.kernel))


def test_a_kernel_that_was_trained_for_8_bits_stays_with_its_bias():
    kernel = np.random.default_rng(4).integers(-127, 128, size=(1, 1, 3, 9)).astype(F) * F(0.0123)
    graph = Graph(
        graph_def(placeholder("x", F, (1, 4, 4, 3)), *layer("y", "x", kernel, np.ones(9)))
    )
    contract, layers = find_contract(graph), find_layers(graph)
    images = [np.random.default_rng(5).normal(size=(1, 4, 4, 3)).astype(F)]
    with OnnxNetwork(graph, contract) as network:
        (rounded,) = calibrate(network, layers, {"y/conv": [own_grid(kernel)]}, images)
    np.testing.assert_array_equal(rounded.kernel, kernel)
    assert rounded.bias is None


def test_of_several_grids_a_layer_gets_one(example, network):
    grids = {
        each.name: [tensor_grid(each.kernel, 3, part) for part in (1, 0.7, 0.5)]
        for each in example.layers
    }
    rounded = calibrate(network, example.layers, grids, example.images)
    for each in rounded:
        assert each.grid in grids[each.layer.name]
        assert each.codes.max() <= each.grid.last_code
    assert any(each.grid is not grids[each.layer.name][0] for each in rounded)


def test_outputs_are_closer_than_with_the_nearest_codes(example, network):
    layers = example.layers
    grids = at_bits(layers, 4)
    rounded = calibrate(network, layers, grids, example.images)
    nearest = {
        each.kernel_name: grid.values(grid.codes(each.kernel)).astype(F)
        for each in layers
        for grid in grids[each.name]
    }
    errors = []
    for weights in (weights_of(rounded), nearest):
        outputs = [
            (network.run(["head"], {"x": x})[0], network.run(["head"], {"x": x}, weights)[0])
            for x in example.images
        ]
        errors.append(np.mean([((exact - found) ** 2).mean() for exact, found in outputs]))
    assert errors[0] < 0.75 * errors[1]


def test_a_bias_is_what_a_reader_will_get_back(example, network):
    layers, grids = example.layers, at_bits(example.layers)
    exact = calibrate(network, layers, grids, example.images)
    eighths = calibrate(network, layers, grids, example.images, lambda bias: np.rint(8 * bias) / 8)
    for each, other in zip(eighths, exact, strict=True):
        if each.bias is not None:
            assert np.array_equal(8 * each.bias, np.rint(8 * each.bias))
            assert not np.array_equal(each.bias, other.bias)


def test_alone_each_layer_is_rounded_as_if_no_other_were(example, network):
    layers, grids = example.layers, at_bits(example.layers)
    together = by_name(calibrate(network, layers, grids, example.images))
    alone = by_name(calibrate(network, layers, grids, example.images, alone=True))
    for each in layers:
        (only,) = calibrate(network, [each], grids, example.images)
        assert np.array_equal(alone[each.name].codes, only.codes)
        assert each.bias_name is None or np.array_equal(alone[each.name].bias, only.bias)
    assert np.array_equal(alone["stem/conv"].codes, together["stem/conv"].codes)
    assert not np.array_equal(alone["head/conv"].bias, together["head/conv"].bias)


def test_the_same_images_give_the_same_codes(example, network, monkeypatch):
    monkeypatch.setattr("dlconv.convert.quantize.calibrated.MOST_ROWS", 50)  # so some are drawn
    layers, grids = example.layers, at_bits(example.layers)
    first, again = (calibrate(network, layers, grids, example.images) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.codes, other.codes)
        assert one.bias is None or np.array_equal(one.bias, other.bias)
    others = calibrate(network, layers, grids, [-image for image in example.images])
    assert any(
        not np.array_equal(one.codes, other.codes) for one, other in zip(first, others, strict=True)
    )


def test_progress_counts_layers(example, network):
    told = []
    grids = at_bits(example.layers)
    calibrate(
        network,
        example.layers,
        grids,
        example.images,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(0, 4), (1, 4), (3, 4), (4, 4)]


def test_pooled_features_count_with_a_share_of_what_was_pooled():
    pooled = node("pooled", "AvgPool", "relu", T=F, padding=b"VALID")
    pooled.attr["ksize"].list.i.extend([1, 6, 6, 1])
    pooled.attr["strides"].list.i.extend([1, 6, 6, 1])
    graph = graph_def(
        placeholder("x", F, (1, 6, 6, 3)),
        relu6("relu", "x"),
        pooled,
        *layer("mix", "pooled", kernel(1, 1, 3, 20), kernel(20)),
    )
    images = [kernel(1, 6, 6, 3) for _ in range(2)]
    (mix,) = find_layers(Graph(graph))
    grid = tensor_grid(mix.kernel, 4)
    with OnnxNetwork(Graph(graph), find_contract(Graph(graph))) as network:
        (rounded,) = calibrate(network, [mix], {mix.name: [grid]}, images)
        few = [network.run(["pooled"], {"x": image})[0].reshape(1, 1, 3) for image in images]
    many = [np.clip(image, 0, 6).reshape(1, -1, 3) for image in images]
    pooled, unpooled = (
        moments_of(first, first, share / 2) + moments_of(second, second, share / 2)
        for (first, second), share in ((few, 1), (many, UNPOOLED_SHARE))
    )
    codes, _ = round_to_outputs(mix.matrices, pooled + unpooled, [grid])
    assert np.array_equal(rounded.codes, mix.kernel_of(codes))
    codes, _ = round_to_outputs(mix.matrices, pooled, [grid])
    assert not np.array_equal(rounded.codes, mix.kernel_of(codes))
