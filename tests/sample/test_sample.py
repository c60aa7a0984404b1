import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlconv.sample
from dlconv.sample import train
from dlconv.sample.network import INPUT, OUTPUT, PRODUCER, Design, FrozenLayers
from dlconv.sample.scenes import CLASSES, SIZES, scene

FOLDER = Path(dlconv.sample.__file__).parent
ARCHIVE = FOLDER / f"{train.NAME}.tar.gz"
MEMBER = f"{train.NAME}/frozen_inference_graph.pb"

OPS_OF_THE_ZOO = {
    "Add": 13,
    "ArgMax": 1,
    "Assert": 3,
    "AvgPool": 1,
    "BatchToSpaceND": 10,
    "BiasAdd": 1,
    "Cast": 3,
    "ConcatV2": 1,
    "Const": 364,
    "Conv2D": 38,
    "DepthwiseConv2dNative": 17,
    "Equal": 1,
    "ExpandDims": 2,
    "FusedBatchNorm": 54,
    "GreaterEqual": 2,
    "Identity": 273,
    "Maximum": 2,
    "Mul": 2,
    "Pack": 5,
    "Pad": 1,
    "Placeholder": 1,
    "Relu": 3,
    "Relu6": 34,
    "ResizeBilinear": 4,
    "Shape": 4,
    "Slice": 1,
    "SpaceToBatchND": 10,
    "Squeeze": 2,
    "StridedSlice": 8,
    "Sub": 6,
}


@pytest.fixture(scope="module")
def graph():
    with tarfile.open(ARCHIVE) as tar:
        return tar.extractfile(MEMBER).read()


@pytest.fixture(scope="module")
def definition(graph):
    import tensorflow as tf

    return tf.compat.v1.GraphDef.FromString(graph)


@pytest.fixture(scope="module")
def committed():
    return [
        (
            np.array(Image.open(FOLDER / "photos" / f"scene_{seed}.png")),
            np.array(Image.open(FOLDER / "photos" / "masks" / f"scene_{seed}.png")),
        )
        for seed in train.PHOTO_SEEDS
    ]


def count(values):
    values = list(values)
    return {value: values.count(value) for value in sorted(set(values))}


def test_graph_has_the_ops_of_the_zoo(definition):
    assert count(node.op for node in definition.node) == OPS_OF_THE_ZOO
    assert definition.versions.producer == PRODUCER
    assert not definition.library.function
    assert {node.device for node in definition.node} == {""}
    assert not any("_output_shapes" in node.attr for node in definition.node)
    names = {node.name: node.op for node in definition.node}
    assert (names[INPUT], names[OUTPUT]) == ("Placeholder", "Slice")


def test_graph_is_small(graph):
    assert len(graph) < 1_000_000


def test_archive_is_the_same_every_time(graph):
    with tarfile.open(ARCHIVE) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [train.NAME, MEMBER]
    assert {(member.mtime, member.uid, member.gid) for member in members} == {(0, 0, 0)}
    with tarfile.open(fileobj=io.BytesIO(train.archive(graph))) as tar:
        assert tar.extractfile(MEMBER).read() == graph
    assert train.archive(graph) == train.archive(graph)


def test_graph_segments_the_committed_photos(graph, committed):
    photos, masks = zip(*committed, strict=True)
    labels = train.segmented(graph, photos)
    assert {each.dtype for each in labels} == {np.dtype(np.int64)}
    per_class = train.iou(labels, masks)
    assert sum(per_class) / len(per_class) >= train.LEAST_MIOU


def test_committed_photos_are_their_seeds_scenes(committed):
    for seed, (photo, mask) in zip(train.PHOTO_SEEDS, committed, strict=True):
        drawn = scene(seed)
        np.testing.assert_array_equal(photo, drawn.photo)
        np.testing.assert_array_equal(mask, drawn.labels)
    assert len({mask.shape for _, mask in committed}) > 3


def test_no_photo_or_unseen_scene_is_trained_on():
    assert not set(train.TRAINING_SEEDS) & {*train.UNSEEN_SEEDS, *train.PHOTO_SEEDS}


def test_figures_are_those_of_the_settings():
    figures = json.loads((FOLDER / "figures.json").read_text())
    assert figures["miou"] >= train.LEAST_MIOU
    assert list(figures["iou"]) == list(CLASSES)
    assert figures["scenes"] == len(train.UNSEEN_SEEDS) >= 100
    assert figures["steps"] == train.STEPS


@pytest.mark.parametrize("seed", [0, 7, 10**6, 2**40])
def test_a_seed_fixes_its_scene(seed):
    first, second = scene(seed), scene(seed)
    np.testing.assert_array_equal(first.photo, second.photo)
    np.testing.assert_array_equal(first.labels, second.labels)


def test_scenes_hold_every_class_in_every_size():
    drawn = [scene(seed) for seed in range(50)]
    assert {each.labels.shape for each in drawn} == set(SIZES)
    for each in drawn:
        assert each.photo.shape == (*each.labels.shape, 3)
        assert (each.photo.dtype, each.labels.dtype) == (np.uint8, np.uint8)
        assert each.labels.max() < len(CLASSES)
    assert set(np.concatenate([each.labels.ravel() for each in drawn])) == set(range(len(CLASSES)))


def test_iou_is_pooled_over_scenes():
    truth = [np.arange(5).reshape(1, 5), np.arange(5).reshape(5, 1)]
    assert train.iou(truth, truth) == [1.0] * 5
    wrong = [truth[0], np.array([[1], [1], [2], [3], [4]])]
    assert train.iou(wrong, truth) == [0.5, 2 / 3, 1.0, 1.0, 1.0]


def test_a_value_of_another_shape_is_refused():
    layers = FrozenLayers({"weights": np.zeros((1, 1, 8, 8), np.float32)})
    with pytest.raises(ValueError, match="the network needs"):
        layers.parameter("weights", (1, 1, 8, 16))


def test_a_poor_model_is_not_written(monkeypatch, tmp_path):
    poor = train.Figures(0.5, {}, 1, [], [], 0, 0, 0, 0, 0, 0.0, 0.0)
    monkeypatch.setattr(train, "trained", lambda *_: {})
    monkeypatch.setattr(train, "export", lambda *_: b"")
    monkeypatch.setattr(train, "measured", lambda *_: poor)
    assert train.main(["--out", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()


def test_feature_size_is_the_crop_at_stride_8():
    assert Design(classes=5).feature_size == 17
