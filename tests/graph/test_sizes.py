import numpy as np
import pytest
from support.deeplab import classifier, plain_segmenter
from support.graphs import graph_def, node, placeholder, tiny_segmenter
from support.sample import sample_graph

from dlconv.formats.frozen_graph import read_graph
from dlconv.graph.contract import find_contract
from dlconv.graph.graph import Graph
from dlconv.graph.shapes import numbers_of
from dlconv.graph.sizes import shapes_within_crop, static_at, usual_size


def read(graph):
    graph = Graph(graph)
    return graph, find_contract(graph)


def test_shapes_follow_from_the_size_of_the_photo():
    graph, contract = read(tiny_segmenter())
    assert static_at(graph, contract, (9, 7)).shapes["scores"] == (1, 9, 7, 3)
    assert numbers_of(static_at(graph, contract, None).shapes["scores"]) == (1, None, None, 3)


@pytest.mark.parametrize(
    ("shape", "given"),
    [((None, None, None, 3), (1, 9, 7, 3)), ((None, None, 3), (9, 7, 3)), ((5,), (5,))],
)
def test_an_input_of_another_rank_is_one_photo_or_is_left(shape, given):
    photo = placeholder("photo", np.float32, shape)
    graph, contract = read(graph_def(photo, node("y", "Relu", "photo", T=np.float32)))
    assert static_at(graph, contract, (9, 7)).shapes["y"] == given


def test_the_usual_size_is_the_crop_or_that_of_the_input():
    assert usual_size(read(plain_segmenter())[1]) == (33, 33)
    assert usual_size(read(classifier())[1]) == (33, 33)
    assert usual_size(read(tiny_segmenter())[1]) is None


def test_what_is_padded_to_the_crop_is_known_and_the_photo_is_not(tmp_path):
    shapes = shapes_within_crop(*read(read_graph(sample_graph(tmp_path).path)))
    assert shapes["ToFloat"] == (None, None, 3)
    assert shapes["Pad"] == (129, 129, 3)
    assert shapes["MobilenetV2/Conv/Relu6"] == (1, 65, 65, 16)
    assert shapes["SemanticPredictions"] == (1, None, None)


def test_without_a_crop_only_what_never_varies_is_known():
    assert shapes_within_crop(*read(tiny_segmenter()))["scores"] == (1, None, None, 3)


def test_extents_that_the_graph_fixes_stay():
    graph, contract = read(plain_segmenter())
    assert static_at(graph, contract, (9, 7)).shapes["photo"] == (1, 33, 33, 3)
    assert shapes_within_crop(graph, contract)["features"] == (1, 17, 17, 4)


def test_a_fixed_input_has_the_same_shapes_at_every_size():
    graph, contract = read(plain_segmenter())
    shapes_within_crop(graph, contract)
    assert len(graph.inferred) == 1
