import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.graphs import (
    const,
    copy,
    graph_def,
    layer,
    node,
    placeholder,
    resize,
    tiny_kernel,
    tiny_segmenter,
)

from dlconv.compare import compare
from dlconv.convert.quantize.in_onnxruntime import OnnxNetwork
from dlconv.convert.quantize.measure import Yardstick, divergence, scores_node
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph

F = np.float32
SCORES = hnp.arrays(F, (2, 3, 4), elements=st.floats(-30, 30, width=32))
RANDOM = np.random.default_rng(2)
PHOTOS = [RANDOM.integers(0, 256, (1, *size, 3), np.uint8) for size in ((6, 8), (5, 5), (9, 4))]


@given(SCORES, st.floats(-100, 100))
def test_equal_scores_do_not_diverge_and_nor_do_those_shifted_alike(scores, shift):
    assert divergence(scores, scores) == 0
    assert divergence(scores, scores + np.float64(shift)) == pytest.approx(0, abs=1e-9)


@given(SCORES, SCORES)
def test_a_divergence_is_never_negative(scores, others):
    assert divergence(scores, others) >= -1e-9


def test_a_divergence_by_hand():
    even, sure = np.log([[0.5, 0.5]]), np.log([[0.8, 0.2]])
    expected = 0.5 * np.log(0.5 / 0.8) + 0.5 * np.log(0.5 / 0.2)
    assert divergence(even, sure) == pytest.approx(expected)
    assert divergence(np.concatenate([even, sure]), np.tile(sure, (2, 1))) == pytest.approx(
        expected / 2
    )


def test_a_divergence_grows_with_the_square_of_small_errors():
    scores = RANDOM.normal(size=(50, 21)) * 3
    error = RANDOM.normal(size=scores.shape)
    small, twice = (divergence(scores, scores + size * error) for size in (1e-3, 2e-3))
    assert small > 0
    assert twice == pytest.approx(4 * small, rel=0.01)


def test_scores_of_any_size_stay_finite():
    huge = np.array([[1e4, -1e4, 0]], F)
    assert divergence(huge, huge + 1) == pytest.approx(0, abs=1e-9)
    assert np.isfinite(divergence(huge, -huge))


def segmenter(*behind, arg_max_of):
    """A 1 x 1 convolution called scores, what is between it and its ArgMax, and labels."""
    return Graph(
        graph_def(
            placeholder("x", F, (1, None, None, 3)),
            *layer("scores", "x", tiny_kernel(), [0, 0, 0]),
            *behind,
            const("axis", 3, np.int32),
            node("arg_max", "ArgMax", arg_max_of, "axis", T=F, Tidx=np.int32, output_type=np.int64),
            node("labels", "Cast", "arg_max", SrcT=np.int64, DstT=np.int32),
        )
    )


SIZE = const("size", [7, 7], np.int32)


@pytest.mark.parametrize(
    ("behind", "arg_max_of"),
    [
        ([], "scores"),
        ([SIZE, resize("large", "scores", "size")], "large"),
        ([SIZE, resize("large", "scores", "size"), copy("same", "large")], "same"),
        ([node("shares", "Softmax", "scores", T=F)], "shares"),
    ],
)
def test_scores_are_those_before_resizing_and_softmax(behind, arg_max_of):
    graph = segmenter(*behind, arg_max_of=arg_max_of)
    assert scores_node(graph, find_contract(graph)) == "scores"


@pytest.mark.parametrize("behind", [[], [node("shares", "Softmax", "scores", T=F)]])
def test_a_graph_that_gives_scores_or_probabilities_is_measured_by_its_scores(behind):
    graph = Graph(
        graph_def(
            placeholder("x", F, (1, None, None, 3)),
            *layer("scores", "x", tiny_kernel(), [0, 0, 0]),
            *behind,
        )
    )
    contract = find_contract(graph)
    assert scores_node(graph, contract) == "scores"
    with OnnxNetwork(graph, find_contract(graph)) as network:
        yardstick = Yardstick(network, contract, [photo.astype(F) for photo in PHOTOS])
        assert yardstick.distance({}).agreement == 1
        swapped = yardstick.distance({"scores/kernel": tiny_kernel()[..., [1, 0, 2]]})
    assert 0.1 < swapped.agreement < 0.9


@pytest.fixture(scope="module")
def tiny():
    graph = Graph(tiny_segmenter())
    with OnnxNetwork(graph, find_contract(graph)) as network:
        yield network, find_contract(graph)


def test_a_network_that_did_not_change_is_at_no_distance(tiny):
    yardstick = Yardstick(*tiny, PHOTOS)
    assert len(yardstick) == 3
    for weights in ({}, {"weights": tiny_kernel()}):
        distance = yardstick.distance(weights)
        assert (distance.agreement, distance.worst, distance.miou) == (1, 1, 1)
        assert distance.divergence == 0


def test_a_network_that_changed_is_at_the_distance_that_verify_would_find(tiny):
    network, contract = tiny
    kernel = tiny_kernel() + RANDOM.normal(scale=0.3, size=(1, 1, 3, 3)).astype(F)
    distance = Yardstick(network, contract, PHOTOS).distance({"weights": kernel})
    confusions = [
        compare(
            np.argmax(photo.astype(F) @ tiny_kernel()[0, 0], axis=3),
            np.argmax(photo.astype(F) @ kernel[0, 0], axis=3),
        )
        for photo in PHOTOS
    ]
    agreements = [each.scores().agreement for each in confusions]
    assert distance.agreement == pytest.approx(np.mean(agreements))
    assert distance.worst == min(agreements) < distance.agreement < 1
    pooled = confusions[0] + confusions[1] + confusions[2]
    assert distance.miou == pooled.scores().miou
    assert distance.divergence > 0


def test_further_away_is_further(tiny):
    yardstick = Yardstick(*tiny, PHOTOS)
    error = RANDOM.normal(size=(1, 1, 3, 3)).astype(F)
    near, far = (yardstick.distance({"weights": tiny_kernel() + s * error}) for s in (1e-3, 0.5))
    assert near.divergence < far.divergence
    assert near.agreement > far.agreement
